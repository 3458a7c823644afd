/** What each generated client is asked to do; the test compares the results with what is in the service. */
export interface Client {
  /** The second page of three of the accounts with this text in their name, in descending order of names. */
  people(text: string): Promise<People>;
  createOrganization(name: string): Promise<Organization>;
  renameOrganization(id: string, name: string): Promise<Organization>;
  /** `code`, `meta.rule` and `source.pointer` of the first error of a create with this name. */
  errorOfCreating(name: string): Promise<readonly (string | undefined)[]>;
}

export interface People {
  readonly names: readonly string[];
  /** Names of the organizations that are included. */
  readonly organizations: readonly string[];
  readonly count: number | undefined;
  readonly next: string | null;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** Makes a client for the service at an address, with an access token. */
export type Connect = (url: string, token: string) => Client;
