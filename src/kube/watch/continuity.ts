import type { Contact } from '../contact.ts';

/** Who is told that what a watch has shown may be of a state that is no more, and that it is not. */
export type Told = { lost?(): void; found?(): void };

/** Whether one watch can go on where it was: not if the API server was away since it last heard of it. */
export class Continuity {
  readonly #path: string;
  readonly #contact: Pick<Contact, 'absences' | 'isAway' | 'broken'>;
  readonly #told: Told;
  /** How often the API server had been away then. */
  #absences: number;
  #lost = false;

  constructor(path: string, contact: Pick<Contact, 'absences' | 'isAway' | 'broken'>, told: Told) {
    this.#path = path;
    this.#contact = contact;
    this.#told = told;
    this.#absences = contact.absences;
  }

  /** Whether versions tell nothing of what is stored now. */
  get isOver(): boolean {
    return this.#contact.isAway || this.#contact.absences !== this.#absences;
  }

  /** The API server has said something on it. */
  heard(): void {
    this.#absences = this.#contact.absences;
  }

  /** It was broken off, or could not be begun. */
  lose(): void {
    this.#contact.broken(this.#path);
    this.#lost = true;
    this.#told.lost?.();
  }

  /** It goes on where it was. */
  find(): void {
    if (this.#lost) this.#told.found?.();
    this.#lost = false;
  }

  /** Everything that is stored has been shown. */
  renew(): void {
    this.#lost = false;
  }
}
