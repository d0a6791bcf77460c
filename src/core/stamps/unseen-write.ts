import { leverName } from '../template/lever.ts';
import { parseStampKey } from '../api/source.ts';
import type { Stamp, StampMap } from './stamp-map.ts';
import type { Workload } from '../objects/workload.ts';

/** Whether the pod template, levers included, is another one. */
export function isOtherTemplate(before: Workload, now: Workload): boolean {
  return (
    before.bare !== now.bare ||
    before.templateStamp !== now.templateStamp ||
    JSON.stringify(before.levers) !== JSON.stringify(now.levers)
  );
}

/**
 * The map after somebody has changed the template while no admission looked: `rollout undo` or `kubectl replace` with
 * the webhook down. If a rollout was under way, pods of the template that has come may still run, with older data:
 * its entries return to what these may hold and roll as usual, but for those whose lever has stayed (DESIGN 3.7).
 */
export function afterUnseenWrite(map: StampMap, before: Workload, now: Workload): StampMap {
  if (before.settled) return map;
  const s = new Map<string, Stamp>(map.s);
  for (const [key, stamp] of map.s)
    if (stamp.was !== undefined && !hasKeptLever(key, before, now)) s.set(key, { h: stamp.was });
  return { ...map, s };
}

function hasKeptLever(key: string, before: Workload, now: Workload): boolean {
  const source = parseStampKey(key);
  if (source === undefined) return false;
  const name = leverName(source.type, source.name);
  const valueIn = ({ levers }: Workload): string | undefined =>
    levers.find((lever) => lever.name === name)?.value;
  return valueIn(now) !== undefined && valueIn(now) === valueIn(before);
}
