// Loaded into a Restamp before anything else: its clock is wrong by so many milliseconds, as on a node without NTP.
const ms = Number(process.env['CHAOS_DRIFT_MS'] ?? 0);
const now = Date.now.bind(Date);

globalThis.Date = new Proxy(Date, {
  construct: (target, args: unknown[], newTarget): object =>
    Reflect.construct(target, args.length === 0 ? [now() + ms] : args, newTarget) as object,
  apply: () => new Date(now() + ms).toString(),
  get: (target, key): unknown => (key === 'now' ? () => now() + ms : Reflect.get(target, key)),
});
