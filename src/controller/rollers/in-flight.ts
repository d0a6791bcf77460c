import { bearsRoll, type RollPrint } from '../../core/objects/roll-print.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';

type Flight = { readonly print: RollPrint; readonly rolls: boolean; shown: boolean; isLast: boolean };

/** The rolls that were sent and whose answers have not come: the watch may show them sooner, or the answer is lost. */
export class InFlight {
  readonly #flights = new Map<string, Flight>();

  /** A roll of this workload is about to be sent, or, if it does not roll, what is written in its place. */
  begin(key: string, print: RollPrint, rolls = true): void {
    this.#flights.set(key, { print, rolls, shown: false, isLast: false });
  }

  /** A workload was seen: whether it bears the roll that is on its way. */
  shows(workload: Workload): boolean {
    const flight = this.#flights.get(workloadKey(workload));
    if (flight === undefined) return false;
    flight.isLast = bearsRoll(workload, flight.print);
    flight.shown ||= flight.isLast;
    return flight.isLast && flight.rolls;
  }

  /** Whether the roll that is on its way is the last one of the workload: another replica may have rolled it since. */
  isLast(key: string): boolean {
    return this.#flights.get(key)?.isLast ?? false;
  }

  /** Whether the roll that is on its way was seen. */
  wasShown(key: string): boolean {
    return this.#flights.get(key)?.shown ?? false;
  }

  /** Whether it is not known yet what became of a roll of this workload. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** What became of the roll is known. */
  end(key: string): void {
    this.#flights.delete(key);
  }
}
