/** Puts an entry at the end of a map, and takes out the oldest ones beyond `most`; returns what was taken out. */
export function keepNewest<V>(map: Map<string, V>, key: string, value: V, most: number): V[] {
  // Deleting first moves it to the end, so that the first one is always the oldest.
  map.delete(key);
  map.set(key, value);
  const out: V[] = [];
  for (const [oldest, gone] of map) {
    if (map.size <= most) break;
    map.delete(oldest);
    out.push(gone);
  }
  return out;
}
