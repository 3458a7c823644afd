// Written by `npx iam client`. Do not edit.
import {
  type ApiTable,
  type CallOptions,
  type ClientOptions,
  clientOf,
  type Creates,
  type Deletes,
  type Gets,
  type Lists,
  type OneOrMore,
  type Resource,
  type ShownOnce,
  type Time,
  type TimeInput,
  type Updates,
} from '../core.js';

/** Every resource of the API, by type. */
export interface Resources {
  'iam:jobs': {
    attributes: JobAttributes;
    create: never;
    update: never;
    filter: JobFilter;
    sort: 'id' | 'kind' | 'status' | 'created_by' | 'created_at';
    one: object;
    many: object;
  };
  'iam:accounts': {
    attributes: AccountAttributes;
    create: AccountCreate;
    update: AccountUpdate;
    filter: AccountFilter;
    sort: 'id' | 'kind' | 'name' | 'email' | 'sso_channel' | 'enabled' | 'role_name' | 'picture_url' | 'locale' | 'joined_at' | 'invitation_expired_at' | 'created_at' | 'updated_at';
    one: object;
    many: { readonly organizations: 'iam:organizations'; readonly account_sessions: 'iam:account_sessions' };
  };
  'iam:account_sessions': {
    attributes: AccountSessionAttributes;
    create: never;
    update: never;
    filter: AccountSessionFilter;
    sort: 'id' | 'account_id' | 'user_agent' | 'ip' | 'authenticated_at' | 'created_at' | 'updated_at' | 'expires_at' | 'current';
    one: { readonly account: 'iam:accounts' };
    many: object;
  };
  'iam:api_keys': {
    attributes: ApiKeyAttributes;
    create: ApiKeyCreate;
    update: ApiKeyUpdate;
    filter: ApiKeyFilter;
    sort: 'id' | 'name' | 'account_id' | 'expires_at' | 'key_label' | 'revoked_at' | 'last_used_at' | 'created_by' | 'created_at' | 'updated_at';
    one: { readonly account: 'iam:accounts' };
    many: object;
  };
  'iam:account_factors': {
    attributes: AccountFactorAttributes;
    create: AccountFactorCreate;
    update: never;
    filter: AccountFactorFilter;
    sort: 'id' | 'account_id' | 'kind' | 'created_at';
    one: { readonly account: 'iam:accounts' };
    many: object;
  };
  'iam:trusted_devices': {
    attributes: TrustedDeviceAttributes;
    create: never;
    update: never;
    filter: TrustedDeviceFilter;
    sort: 'id';
    one: object;
    many: object;
  };
  'iam:audit_events': {
    attributes: AuditEventAttributes;
    create: never;
    update: never;
    filter: AuditEventFilter;
    sort: 'id' | 'action' | 'actor_id' | 'target_type' | 'target_id' | 'ip' | 'request_id' | 'created_at';
    one: { readonly actor: 'iam:accounts' };
    many: object;
  };
  'iam:organizations': {
    attributes: OrganizationAttributes;
    create: OrganizationCreate;
    update: OrganizationUpdate;
    filter: OrganizationFilter;
    sort: 'id' | 'name' | 'created_at' | 'updated_at';
    one: object;
    many: { readonly accounts: 'iam:accounts' };
  };
  'iam:account_identities': {
    attributes: AccountIdentityAttributes;
    create: never;
    update: never;
    filter: AccountIdentityFilter;
    sort: 'id' | 'account_id' | 'issuer' | 'subject' | 'created_at' | 'last_used_at';
    one: { readonly account: 'iam:accounts' };
    many: object;
  };
  'iam:identity_providers': {
    attributes: IdentityProviderAttributes;
    create: IdentityProviderCreate;
    update: IdentityProviderUpdate;
    filter: IdentityProviderFilter;
    sort: 'id' | 'slug' | 'name' | 'organization_id' | 'created_at' | 'updated_at';
    one: { readonly organization: 'iam:organizations' };
    many: object;
  };
  'iam:account_passkeys': {
    attributes: AccountPasskeyAttributes;
    create: never;
    update: AccountPasskeyUpdate;
    filter: AccountPasskeyFilter;
    sort: 'id';
    one: object;
    many: object;
  };
}

/** A resource of type `iam:jobs`, with all of its attributes. */
export type Job = Resource<Resources, 'iam:jobs'>;

/** Attributes of `iam:jobs`. */
export interface JobAttributes {
  /** What it does, such as `iam:organizations.delete` */
  readonly kind: string;
  /** `queued`, `running`, `succeeded` or `failed` */
  readonly status: string;
  /** How many of its items are done */
  readonly progress: number;
  /** How many items there are; null when unknown */
  readonly total: number | null;
  /** The first 100 errors, each with `code` and `detail` */
  readonly errors: readonly { readonly code: string; readonly detail: string }[];
  /** Account that started it */
  readonly created_by: string | null;
  /** When it was queued */
  readonly created_at: Time;
  /** When it last made progress */
  readonly updated_at: Time;
  /** When it began */
  readonly started_at: Time | null;
  /** When it succeeded or failed */
  readonly finished_at: Time | null;
}

/** Filters of `iam:jobs`. */
export interface JobFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `kind` equals; several values mean any of them, `null` means without a value */
  readonly kind?: OneOrMore<string> | undefined;
  /** `kind` is any of the values */
  readonly kind__in?: OneOrMore<string> | undefined;
  /** `status` equals; several values mean any of them, `null` means without a value */
  readonly status?: OneOrMore<string> | undefined;
  /** `status` is any of the values */
  readonly status__in?: OneOrMore<string> | undefined;
  /** `created_by` equals; several values mean any of them, `null` means without a value */
  readonly created_by?: OneOrMore<string | null> | undefined;
  /** `created_by` is any of the values */
  readonly created_by__in?: OneOrMore<string | null> | undefined;
  /** `created_at` equals; several values mean any of them, `null` means without a value */
  readonly created_at?: OneOrMore<TimeInput> | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
}

/** A resource of type `iam:accounts`, with all of its attributes. */
export type Account = Resource<Resources, 'iam:accounts'>;

/** Attributes of `iam:accounts`. */
export interface AccountAttributes {
  /** `person`, or `service`: it has API keys, cannot sign in, and gets no mails */
  readonly kind: 'person' | 'service';
  /** Name as shown to people */
  readonly name: string;
  /** E-mail address, as given */
  readonly email: string;
  /** Single sign-on channel, if one set the account up */
  readonly sso_channel: string | null;
  /** A disabled account cannot sign in */
  readonly enabled: boolean;
  /** Name of a role in the roles file */
  readonly role_name: string;
  /** Organizations of the account under `org`, and what else its role applies to */
  readonly role_scope: Readonly<Record<string, readonly string[]>>;
  /** Address of a picture */
  readonly picture_url: string | null;
  /** Language of mails and pages, as a tag such as `de`; null for that of each request */
  readonly locale: string | null;
  /** When the invitation was accepted */
  readonly joined_at: Time | null;
  /** When the invitation ends */
  readonly invitation_expired_at: Time | null;
  /** When the account was created */
  readonly created_at: Time;
  /** When the account was last changed */
  readonly updated_at: Time;
}

export interface AccountCreate {
  /** `person`, or `service`: it has API keys, cannot sign in, and gets no mails */
  readonly kind?: 'person' | 'service' | undefined;
  /** Name as shown to people */
  readonly name?: string | undefined;
  /** E-mail address, as given */
  readonly email: string;
  /** A disabled account cannot sign in */
  readonly enabled?: boolean | undefined;
  /** Name of a role in the roles file */
  readonly role_name?: string | undefined;
  /** Organizations of the account under `org`, and what else its role applies to */
  readonly role_scope?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Address of a picture */
  readonly picture_url?: string | null | undefined;
  /** Language of mails and pages, as a tag such as `de`; null for that of each request */
  readonly locale?: string | null | undefined;
}

export interface AccountUpdate {
  /** Name as shown to people */
  readonly name?: string | undefined;
  /** A disabled account cannot sign in */
  readonly enabled?: boolean | undefined;
  /** Name of a role in the roles file */
  readonly role_name?: string | undefined;
  /** Organizations of the account under `org`, and what else its role applies to */
  readonly role_scope?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Address of a picture */
  readonly picture_url?: string | null | undefined;
  /** Language of mails and pages, as a tag such as `de`; null for that of each request */
  readonly locale?: string | null | undefined;
}

/** Filters of `iam:accounts`. */
export interface AccountFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `kind` equals; several values mean any of them, `null` means without a value. Allowed: person, service */
  readonly kind?: OneOrMore<'person' | 'service'> | undefined;
  /** `name` equals; several values mean any of them, `null` means without a value */
  readonly name?: OneOrMore<string> | undefined;
  /** `name` contains the text, whatever its case */
  readonly name__match?: string | undefined;
  /** `email` equals; several values mean any of them, `null` means without a value */
  readonly email?: OneOrMore<string> | undefined;
  /** `email` is any of the values */
  readonly email__in?: OneOrMore<string> | undefined;
  /** `email` contains the text, whatever its case */
  readonly email__match?: string | undefined;
  /** `sso_channel` equals; several values mean any of them, `null` means without a value */
  readonly sso_channel?: OneOrMore<string | null> | undefined;
  /** `enabled` equals; several values mean any of them, `null` means without a value */
  readonly enabled?: OneOrMore<boolean> | undefined;
  /** `role_name` equals; several values mean any of them, `null` means without a value */
  readonly role_name?: OneOrMore<string> | undefined;
  /** `role_name` is any of the values */
  readonly role_name__in?: OneOrMore<string> | undefined;
  /** `role_name` is none of the values */
  readonly role_name__nin?: OneOrMore<string> | undefined;
  /** `role_scope` equals; several values mean any of them, `null` means without a value */
  readonly role_scope?: Readonly<Record<string, readonly string[]>> | undefined;
  /** `picture_url` equals; several values mean any of them, `null` means without a value */
  readonly picture_url?: OneOrMore<string | null> | undefined;
  /** `locale` equals; several values mean any of them, `null` means without a value */
  readonly locale?: OneOrMore<string | null> | undefined;
  /** `joined_at` equals; several values mean any of them, `null` means without a value */
  readonly joined_at?: OneOrMore<TimeInput | null> | undefined;
  /** `joined_at` at or above; for times, at or after */
  readonly joined_at__gte?: TimeInput | undefined;
  /** `joined_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly joined_at__lte?: TimeInput | undefined;
  /** `invitation_expired_at` equals; several values mean any of them, `null` means without a value */
  readonly invitation_expired_at?: OneOrMore<TimeInput | null> | undefined;
  /** `created_at` equals; several values mean any of them, `null` means without a value */
  readonly created_at?: OneOrMore<TimeInput> | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
  /** `updated_at` equals; several values mean any of them, `null` means without a value */
  readonly updated_at?: OneOrMore<TimeInput> | undefined;
  /** each word of the text occurs in name or e-mail, whatever its case */
  readonly search?: string | undefined;
  /** `role_scope` contains this JSON, such as `{"org":["…"]}`; also in brackets: `filter[with_role_scope][org][]` */
  readonly with_role_scope?: Readonly<Record<string, unknown>> | undefined;
  /** the account for which that exact token was issued, while it is good */
  readonly password_reset_token?: OneOrMore<string> | undefined;
  /** when the last of the reset tokens that are good expires */
  readonly password_reset_token_expires_at?: OneOrMore<TimeInput> | undefined;
}

/** A resource of type `iam:account_sessions`, with all of its attributes. */
export type AccountSession = Resource<Resources, 'iam:account_sessions'>;

/** Attributes of `iam:account_sessions`. */
export interface AccountSessionAttributes {
  /** Account that is signed in */
  readonly account_id: string;
  /** The `User-Agent` of the browser or client */
  readonly user_agent: string | null;
  /** Address that the sign-in came from */
  readonly ip: string;
  /** How the account signed in, or proved who it is since: `pwd` and others of RFC 8176, `fed`, `rcv` */
  readonly amr: readonly string[];
  /** When the account signed in, or proved who it is since */
  readonly authenticated_at: Time;
  /** When the session began */
  readonly created_at: Time;
  /** When the session was last refreshed */
  readonly updated_at: Time;
  /** When the session ends unless it is refreshed */
  readonly expires_at: Time;
  /** Whether this is the session of the request */
  readonly current: boolean;
}

/** Filters of `iam:account_sessions`. */
export interface AccountSessionFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `account_id` equals; several values mean any of them, `null` means without a value */
  readonly account_id?: OneOrMore<string> | undefined;
  /** `user_agent` equals; several values mean any of them, `null` means without a value */
  readonly user_agent?: OneOrMore<string | null> | undefined;
  /** `ip` equals; several values mean any of them, `null` means without a value */
  readonly ip?: OneOrMore<string> | undefined;
  /** `refresh_seq` equals; several values mean any of them, `null` means without a value */
  readonly refresh_seq?: OneOrMore<number> | undefined;
  /** `nonce` equals; several values mean any of them, `null` means without a value */
  readonly nonce?: OneOrMore<string> | undefined;
}

/** A resource of type `iam:api_keys`, with all of its attributes. */
export type ApiKey = Resource<Resources, 'iam:api_keys'>;

/** Attributes of `iam:api_keys`. */
export interface ApiKeyAttributes {
  /** What the key is for, as shown to people */
  readonly name: string;
  /** Account that owns the key, and whose rights bound it */
  readonly account_id: string;
  /** Rights such as `iam:accounts.read.org` */
  readonly permissions: readonly string[];
  /** The part of the role scope of the owner that the key has; null for all of it */
  readonly role_scope: Readonly<Record<string, readonly string[]>> | null;
  /** When the key expires; null when it does not */
  readonly expires_at: Time | null;
  /** The first 8 and the last 4 characters of the key */
  readonly key_label: string;
  /** `active`, `expired` or `revoked`; a key of a disabled account is active, and works once it is enabled */
  readonly status: 'active' | 'expired' | 'revoked';
  /** When the key was revoked */
  readonly revoked_at: Time | null;
  /** When the key was last used, to the minute */
  readonly last_used_at: Time | null;
  /** Account that made the key; null for an operator */
  readonly created_by: string | null;
  /** When the key was made */
  readonly created_at: Time;
  /** When it was last changed; its use changes nothing */
  readonly updated_at: Time;
}

export interface ApiKeyCreate {
  /** What the key is for, as shown to people */
  readonly name: string;
  /** Account that owns the key, and whose rights bound it */
  readonly account_id?: string | undefined;
  /** Rights such as `iam:accounts.read.org` */
  readonly permissions: readonly string[];
  /** The part of the role scope of the owner that the key has; null for all of it */
  readonly role_scope?: Readonly<Record<string, readonly string[]>> | null | undefined;
  /** When the key expires; null when it does not */
  readonly expires_at?: TimeInput | null | undefined;
}

export interface ApiKeyUpdate {
  /** What the key is for, as shown to people */
  readonly name?: string | undefined;
  /** When the key expires; null when it does not */
  readonly expires_at?: TimeInput | null | undefined;
}

/** Filters of `iam:api_keys`. */
export interface ApiKeyFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `name` equals; several values mean any of them, `null` means without a value */
  readonly name?: OneOrMore<string> | undefined;
  /** `name` contains the text, whatever its case */
  readonly name__match?: string | undefined;
  /** `account_id` equals; several values mean any of them, `null` means without a value */
  readonly account_id?: OneOrMore<string> | undefined;
  /** `expires_at` at or above; for times, at or after */
  readonly expires_at__gte?: TimeInput | undefined;
  /** `expires_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly expires_at__lte?: TimeInput | undefined;
  /** `status` equals; several values mean any of them, `null` means without a value. Allowed: active, expired, revoked */
  readonly status?: OneOrMore<'active' | 'expired' | 'revoked'> | undefined;
  /** `status` is any of the values. Allowed: active, expired, revoked */
  readonly status__in?: OneOrMore<'active' | 'expired' | 'revoked'> | undefined;
  /** `last_used_at` at or above; for times, at or after */
  readonly last_used_at__gte?: TimeInput | undefined;
  /** `last_used_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly last_used_at__lte?: TimeInput | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
}

/** A resource of type `iam:account_factors`, with all of its attributes. */
export type AccountFactor = Resource<Resources, 'iam:account_factors'>;

/** Attributes of `iam:account_factors`. */
export interface AccountFactorAttributes {
  /** Account that it belongs to */
  readonly account_id: string;
  /** What it is: `totp` */
  readonly kind: string;
  /** What its owner calls it, such as a phone */
  readonly name: string;
  /** When its first code was shown; until then it does not count */
  readonly confirmed_at: Time | null;
  /** When a code of it was last accepted */
  readonly last_used_at: Time | null;
  /** When it was added */
  readonly created_at: Time;
}

export interface AccountFactorCreate {
  /** What its owner calls it, such as a phone */
  readonly name: string;
}

/** Filters of `iam:account_factors`. */
export interface AccountFactorFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `account_id` equals; several values mean any of them, `null` means without a value */
  readonly account_id?: OneOrMore<string> | undefined;
  /** `kind` equals; several values mean any of them, `null` means without a value */
  readonly kind?: OneOrMore<string> | undefined;
}

/** A resource of type `iam:trusted_devices`, with all of its attributes. */
export type TrustedDevice = Resource<Resources, 'iam:trusted_devices'>;

/** Attributes of `iam:trusted_devices`. */
export interface TrustedDeviceAttributes {
  /** The browser and the system, such as `Firefox, Windows` */
  readonly name: string;
  /** When it was trusted */
  readonly created_at: Time;
  /** When it last took the place of a second factor */
  readonly last_used_at: Time | null;
  /** Until when it is trusted */
  readonly expires_at: Time;
}

/** Filters of `iam:trusted_devices`. */
export interface TrustedDeviceFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
}

/** A resource of type `iam:audit_events`, with all of its attributes. */
export type AuditEvent = Resource<Resources, 'iam:audit_events'>;

/** Attributes of `iam:audit_events`. */
export interface AuditEventAttributes {
  /** What was done, such as `iam:accounts.updated` */
  readonly action: string;
  /** Account that did it; null when unknown */
  readonly actor_id: string | null;
  /** Type of the resource it was done to */
  readonly target_type: string | null;
  /** Id of the resource it was done to */
  readonly target_id: string | null;
  /** More about it, such as the names of changed attributes; no secrets */
  readonly details: Readonly<Record<string, unknown>>;
  /** Address that the request came from */
  readonly ip: string | null;
  /** Id of the request */
  readonly request_id: string | null;
  /** When it was done */
  readonly created_at: Time;
}

/** Filters of `iam:audit_events`. */
export interface AuditEventFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `action` equals; several values mean any of them, `null` means without a value */
  readonly action?: OneOrMore<string> | undefined;
  /** `action` is any of the values */
  readonly action__in?: OneOrMore<string> | undefined;
  /** `action` contains the text, whatever its case */
  readonly action__match?: string | undefined;
  /** `actor_id` equals; several values mean any of them, `null` means without a value */
  readonly actor_id?: OneOrMore<string | null> | undefined;
  /** `actor_id` is any of the values */
  readonly actor_id__in?: OneOrMore<string | null> | undefined;
  /** `target_type` equals; several values mean any of them, `null` means without a value */
  readonly target_type?: OneOrMore<string | null> | undefined;
  /** `target_type` is any of the values */
  readonly target_type__in?: OneOrMore<string | null> | undefined;
  /** `target_id` equals; several values mean any of them, `null` means without a value */
  readonly target_id?: OneOrMore<string | null> | undefined;
  /** `target_id` is any of the values */
  readonly target_id__in?: OneOrMore<string | null> | undefined;
  /** `ip` equals; several values mean any of them, `null` means without a value */
  readonly ip?: OneOrMore<string | null> | undefined;
  /** `request_id` equals; several values mean any of them, `null` means without a value */
  readonly request_id?: OneOrMore<string | null> | undefined;
  /** `created_at` equals; several values mean any of them, `null` means without a value */
  readonly created_at?: OneOrMore<TimeInput> | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
}

/** A resource of type `iam:organizations`, with all of its attributes. */
export type Organization = Resource<Resources, 'iam:organizations'>;

/** Attributes of `iam:organizations`. */
export interface OrganizationAttributes {
  /** Name as shown to people */
  readonly name: string;
  /** Whether its accounts must have a second factor */
  readonly mfa_required: boolean;
  /** When the organization was created */
  readonly created_at: Time;
  /** When it was last changed */
  readonly updated_at: Time;
}

export interface OrganizationCreate {
  /** Name as shown to people */
  readonly name: string;
  /** Whether its accounts must have a second factor */
  readonly mfa_required?: boolean | undefined;
}

export interface OrganizationUpdate {
  /** Name as shown to people */
  readonly name?: string | undefined;
  /** Whether its accounts must have a second factor */
  readonly mfa_required?: boolean | undefined;
}

/** Filters of `iam:organizations`. */
export interface OrganizationFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `name` equals; several values mean any of them, `null` means without a value */
  readonly name?: OneOrMore<string> | undefined;
  /** `name` contains the text, whatever its case */
  readonly name__match?: string | undefined;
  /** `created_at` equals; several values mean any of them, `null` means without a value */
  readonly created_at?: OneOrMore<TimeInput> | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
  /** `updated_at` equals; several values mean any of them, `null` means without a value */
  readonly updated_at?: OneOrMore<TimeInput> | undefined;
  /** organizations that the account belongs to */
  readonly account_id?: OneOrMore<string> | undefined;
}

/** A resource of type `iam:account_identities`, with all of its attributes. */
export type AccountIdentity = Resource<Resources, 'iam:account_identities'>;

/** Attributes of `iam:account_identities`. */
export interface AccountIdentityAttributes {
  /** Account that it signs in to */
  readonly account_id: string;
  /** Slug of the provider */
  readonly provider: string;
  /** Issuer of its ID tokens */
  readonly issuer: string;
  /** Its id at the issuer */
  readonly subject: string;
  /** E-mail that the provider said last; proves nothing */
  readonly email: string | null;
  /** What linked it: `invitation`, `domain`, `mail`, `session` */
  readonly linked_by: 'invitation' | 'domain' | 'mail' | 'session';
  /** When it was linked */
  readonly created_at: Time;
  /** When it last signed in */
  readonly last_used_at: Time | null;
}

/** Filters of `iam:account_identities`. */
export interface AccountIdentityFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `account_id` equals; several values mean any of them, `null` means without a value */
  readonly account_id?: OneOrMore<string> | undefined;
  /** `account_id` is any of the values */
  readonly account_id__in?: OneOrMore<string> | undefined;
  /** `issuer` equals; several values mean any of them, `null` means without a value */
  readonly issuer?: OneOrMore<string> | undefined;
  /** `subject` equals; several values mean any of them, `null` means without a value */
  readonly subject?: OneOrMore<string> | undefined;
  /** `created_at` equals; several values mean any of them, `null` means without a value */
  readonly created_at?: OneOrMore<TimeInput> | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
  /** `last_used_at` equals; several values mean any of them, `null` means without a value */
  readonly last_used_at?: OneOrMore<TimeInput | null> | undefined;
  /** `last_used_at` at or above; for times, at or after */
  readonly last_used_at__gte?: TimeInput | undefined;
  /** `last_used_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly last_used_at__lte?: TimeInput | undefined;
}

/** A resource of type `iam:identity_providers`, with all of its attributes. */
export type IdentityProvider = Resource<Resources, 'iam:identity_providers'>;

/** Attributes of `iam:identity_providers`. */
export interface IdentityProviderAttributes {
  /** Its name in addresses, such as `acme` */
  readonly slug: string;
  /** Name as shown on buttons */
  readonly name: string;
  /** Protocol, or preset */
  readonly kind: 'oidc' | 'oauth2' | 'google' | 'microsoft' | 'github' | 'gitlab';
  /** Issuer identifier (OpenID Connect Discovery); presets have one */
  readonly issuer: string | null;
  /** Id of this service at the provider */
  readonly client_id: string;
  /** Scopes that are asked for; empty for those of the kind */
  readonly scopes: readonly string[];
  /** Names of claims that differ from `sub`, `email`, `email_verified`, `name` */
  readonly claims: Readonly<Record<string, string>>;
  /** For `oauth2`: where people sign in */
  readonly authorization_endpoint: string | null;
  /** For `oauth2`: where codes are exchanged */
  readonly token_endpoint: string | null;
  /** For `oauth2`: where the claims come from */
  readonly userinfo_endpoint: string | null;
  /** Organization whose accounts it is for; null for all accounts */
  readonly organization_id: string | null;
  /** Domains of e-mails that it vouches for */
  readonly domains: readonly string[];
  /** The domains that are proven */
  readonly verified_domains: readonly string[];
  /** Whether its e-mails count as verified without `email_verified` */
  readonly trust_email: boolean;
  /** Whether `mfa` in its `amr` counts as a second factor */
  readonly trust_mfa: boolean;
  /** Who may join by signing in: `invited`, `domain`, `never` */
  readonly join: 'invited' | 'domain' | 'never';
  /** Role of accounts that join by domain; null for the default */
  readonly default_role: string | null;
  /** Whether addresses of its proven domains sign in with it only */
  readonly enforced: boolean;
  /** Whether it can be signed in with */
  readonly enabled: boolean;
  /** Whether IDENTITY_PROVIDERS_FILE declares it, so that it is read-only */
  readonly declared: boolean;
  /** When the provider was created */
  readonly created_at: Time;
  /** When it was last changed */
  readonly updated_at: Time;
}

export interface IdentityProviderCreate {
  /** Its name in addresses, such as `acme` */
  readonly slug: string;
  /** Name as shown on buttons */
  readonly name: string;
  /** Protocol, or preset */
  readonly kind: 'oidc' | 'oauth2' | 'google' | 'microsoft' | 'github' | 'gitlab';
  /** Issuer identifier (OpenID Connect Discovery); presets have one */
  readonly issuer?: string | null | undefined;
  /** Id of this service at the provider */
  readonly client_id: string;
  /** Secret of this service at the provider; never shown */
  readonly client_secret?: string | null | undefined;
  /** Scopes that are asked for; empty for those of the kind */
  readonly scopes?: readonly string[] | undefined;
  /** Names of claims that differ from `sub`, `email`, `email_verified`, `name` */
  readonly claims?: Readonly<Record<string, string>> | undefined;
  /** For `oauth2`: where people sign in */
  readonly authorization_endpoint?: string | null | undefined;
  /** For `oauth2`: where codes are exchanged */
  readonly token_endpoint?: string | null | undefined;
  /** For `oauth2`: where the claims come from */
  readonly userinfo_endpoint?: string | null | undefined;
  /** Organization whose accounts it is for; null for all accounts */
  readonly organization_id?: string | null | undefined;
  /** Domains of e-mails that it vouches for */
  readonly domains?: readonly string[] | undefined;
  /** Whether its e-mails count as verified without `email_verified` */
  readonly trust_email?: boolean | undefined;
  /** Whether `mfa` in its `amr` counts as a second factor */
  readonly trust_mfa?: boolean | undefined;
  /** Who may join by signing in: `invited`, `domain`, `never` */
  readonly join?: 'invited' | 'domain' | 'never' | undefined;
  /** Role of accounts that join by domain; null for the default */
  readonly default_role?: string | null | undefined;
  /** Whether addresses of its proven domains sign in with it only */
  readonly enforced?: boolean | undefined;
  /** Whether it can be signed in with */
  readonly enabled?: boolean | undefined;
}

export interface IdentityProviderUpdate {
  /** Name as shown on buttons */
  readonly name?: string | undefined;
  /** Issuer identifier (OpenID Connect Discovery); presets have one */
  readonly issuer?: string | null | undefined;
  /** Id of this service at the provider */
  readonly client_id?: string | undefined;
  /** Secret of this service at the provider; never shown */
  readonly client_secret?: string | null | undefined;
  /** Scopes that are asked for; empty for those of the kind */
  readonly scopes?: readonly string[] | undefined;
  /** Names of claims that differ from `sub`, `email`, `email_verified`, `name` */
  readonly claims?: Readonly<Record<string, string>> | undefined;
  /** For `oauth2`: where people sign in */
  readonly authorization_endpoint?: string | null | undefined;
  /** For `oauth2`: where codes are exchanged */
  readonly token_endpoint?: string | null | undefined;
  /** For `oauth2`: where the claims come from */
  readonly userinfo_endpoint?: string | null | undefined;
  /** Domains of e-mails that it vouches for */
  readonly domains?: readonly string[] | undefined;
  /** Whether its e-mails count as verified without `email_verified` */
  readonly trust_email?: boolean | undefined;
  /** Whether `mfa` in its `amr` counts as a second factor */
  readonly trust_mfa?: boolean | undefined;
  /** Who may join by signing in: `invited`, `domain`, `never` */
  readonly join?: 'invited' | 'domain' | 'never' | undefined;
  /** Role of accounts that join by domain; null for the default */
  readonly default_role?: string | null | undefined;
  /** Whether addresses of its proven domains sign in with it only */
  readonly enforced?: boolean | undefined;
  /** Whether it can be signed in with */
  readonly enabled?: boolean | undefined;
}

/** Filters of `iam:identity_providers`. */
export interface IdentityProviderFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
  /** `slug` equals; several values mean any of them, `null` means without a value */
  readonly slug?: OneOrMore<string> | undefined;
  /** `slug` is any of the values */
  readonly slug__in?: OneOrMore<string> | undefined;
  /** `name` equals; several values mean any of them, `null` means without a value */
  readonly name?: OneOrMore<string> | undefined;
  /** `kind` equals; several values mean any of them, `null` means without a value. Allowed: oidc, oauth2, google, microsoft, github, gitlab */
  readonly kind?: OneOrMore<'oidc' | 'oauth2' | 'google' | 'microsoft' | 'github' | 'gitlab'> | undefined;
  /** `kind` is any of the values. Allowed: oidc, oauth2, google, microsoft, github, gitlab */
  readonly kind__in?: OneOrMore<'oidc' | 'oauth2' | 'google' | 'microsoft' | 'github' | 'gitlab'> | undefined;
  /** `organization_id` equals; several values mean any of them, `null` means without a value */
  readonly organization_id?: OneOrMore<string | null> | undefined;
  /** `organization_id` is any of the values */
  readonly organization_id__in?: OneOrMore<string | null> | undefined;
  /** `enforced` equals; several values mean any of them, `null` means without a value */
  readonly enforced?: OneOrMore<boolean> | undefined;
  /** `enabled` equals; several values mean any of them, `null` means without a value */
  readonly enabled?: OneOrMore<boolean> | undefined;
  /** `declared` equals; several values mean any of them, `null` means without a value */
  readonly declared?: OneOrMore<boolean> | undefined;
  /** `created_at` equals; several values mean any of them, `null` means without a value */
  readonly created_at?: OneOrMore<TimeInput> | undefined;
  /** `created_at` at or above; for times, at or after */
  readonly created_at__gte?: TimeInput | undefined;
  /** `created_at` at or below; for times, at or before, where a bare date includes that whole day in UTC */
  readonly created_at__lte?: TimeInput | undefined;
}

/** A resource of type `iam:account_passkeys`, with all of its attributes. */
export type AccountPasskey = Resource<Resources, 'iam:account_passkeys'>;

/** Attributes of `iam:account_passkeys`. */
export interface AccountPasskeyAttributes {
  /** Name that the owner gave it */
  readonly name: string;
  /** Whether it is synced to other devices, as of its last use */
  readonly backed_up: boolean;
  /** When the passkey was added */
  readonly created_at: Time;
  /** When it was last used; null if never */
  readonly last_used_at: Time | null;
}

export interface AccountPasskeyUpdate {
  /** Name that the owner gave it */
  readonly name?: string | undefined;
}

/** Filters of `iam:account_passkeys`. */
export interface AccountPasskeyFilter {
  /** `id` equals; several values mean any of them, `null` means without a value */
  readonly id?: OneOrMore<string> | undefined;
  /** `id` is any of the values */
  readonly id__in?: OneOrMore<string> | undefined;
}

/** `iam.account` */
export interface AccountMethods {
  /** `POST /account/passwords/request_reset`: Request a password reset for an account. This endpoint will send an email with a reset token to the provided email address if an account with that email exists. */
  requestPasswordReset(body: RequestResetBody, options?: CallOptions): Promise<void>;
  /** `POST /account/passwords/reset`: Reset a password using a reset token. This endpoint will change the password for the account associated with the provided reset token if the token is valid and not expired. Password requirements: - Minimum 8 characters - At least one uppercase letter - At least one lowercase letter - At least one digit - At least one special character */
  resetPassword(body: ResetBody, options?: CallOptions): Promise<void>;
  /** `GET /account/passwords/token_valid`: Check if a password reset token is valid. This endpoint will verify if the provided token exists and has not expired. It returns a boolean indicating whether the token is valid. */
  tokenValid(query: { readonly token: string }, options?: CallOptions): Promise<{ readonly valid: boolean }>;
  /** `GET /account/passwords/policy`: The rules of passwords with their numbers, so that a form can show them. Texts are in the language of `Accept-Language`; `rule` is what `meta.rule` of an error names. */
  passwordPolicy(options?: CallOptions): Promise<{ readonly rules: readonly { readonly rule: string; readonly minimum?: number; readonly maximum?: number; readonly text: string }[] }>;
  /** `POST /account/passwords/change`: Change the password for the authenticated account. This endpoint allows an authenticated user to change their password by providing the current password and a new password. Password requirements: - Minimum 8 characters - At least one uppercase letter - At least one lowercase letter - At least one digit - At least one special character */
  changePassword(body: ChangeBody, options?: CallOptions): Promise<void>;
  /** `POST /account/email`: Mail a token to a new e-mail of the own account. The response is the same when another account has it: then only that account is mailed */
  requestEmailChange(body: EmailBody, options?: CallOptions): Promise<void>;
  /** `POST /account/email/confirm`: Change the e-mail with the token that was mailed to the new one */
  confirmEmailChange(body: EmailTokenBody, options?: CallOptions): Promise<void>;
  /** `POST /account/email/revert`: Put the former e-mail back with the token that was mailed to it, up to seven days after the change. All sessions end, the password is removed and a reset is mailed */
  revertEmailChange(body: EmailTokenBody, options?: CallOptions): Promise<void>;
  /** `GET /account/export`: Everything that is stored about the own account, as one file: a list of rows for each table, without secrets */
  export(options?: CallOptions): Promise<AccountExport>;
  /** `POST /account/identities/{slug}`: Begin to link an identity at a provider to the own account; `meta.url` is where the browser goes */
  linkIdentity(slug: string, body?: LinkBody, options?: CallOptions): Promise<{ readonly url: string }>;
  /** `POST /account/recovery_codes`: Make ten recovery codes, each good once in place of a second factor, and show them this once. Earlier ones are void */
  makeRecoveryCodes(options?: CallOptions): Promise<{ readonly codes: readonly string[] }>;
}

/** `iam.accountFactors` */
export interface AccountFactorsMethods extends Lists<Resources, 'iam:account_factors'>, Creates<Resources, 'iam:account_factors'>, Gets<Resources, 'iam:account_factors'>, Deletes {
  /** `POST /account_factors/{id}/confirm`: Show a code of a new factor, which counts from then on. With the first one, all other sessions of the account end */
  confirm(id: string, body: ConfirmFactorBody, options?: CallOptions): Promise<AccountFactor & { readonly $meta: ShownOnce }>;
}

/** `iam.accountIdentities` */
export interface AccountIdentitiesMethods extends Lists<Resources, 'iam:account_identities'>, Gets<Resources, 'iam:account_identities'>, Deletes {
}

/** `iam.accountPasskeys` */
export interface AccountPasskeysMethods extends Lists<Resources, 'iam:account_passkeys'>, Gets<Resources, 'iam:account_passkeys'>, Updates<Resources, 'iam:account_passkeys'>, Deletes {
  /** `POST /account_passkeys`: Add the passkey that a browser made for the options */
  add(body: AddPasskeyBody, options?: CallOptions): Promise<AccountPasskey & { readonly $meta: ShownOnce }>;
  /** `POST /account_passkeys/options`: A challenge for a new passkey, with the options for `navigator.credentials.create()` */
  options(options?: CallOptions): Promise<{ readonly transaction: string; readonly options: Readonly<Record<string, unknown>> }>;
}

/** `iam.accountSessions` */
export interface AccountSessionsMethods extends Lists<Resources, 'iam:account_sessions'>, Gets<Resources, 'iam:account_sessions'>, Deletes {
}

/** `iam.accounts` */
export interface AccountsMethods extends Lists<Resources, 'iam:accounts'>, Creates<Resources, 'iam:accounts'>, Gets<Resources, 'iam:accounts'>, Updates<Resources, 'iam:accounts'>, Deletes {
  /** `GET /accounts/{token}/invitation`: Whom an invitation is for and whom it is from, for a page that accepts it. Does not use the token. */
  invitation(token: string, options?: CallOptions): Promise<{ readonly email: string; readonly name: string; readonly invited_by: string | null; readonly expires_at: Time }>;
  /** `PATCH /accounts/{token}/join`: Mark account as joined when user accepts invitation */
  join(token: string, body?: Join, options?: CallOptions): Promise<Account & { readonly $meta: ShownOnce } | undefined>;
  /** `POST /accounts/{id}/resend_invitation`: Resend account invitation email */
  resendInvitation(id: string, options?: CallOptions): Promise<void>;
  /** `POST /accounts/{id}/email`: Mail a token to a new e-mail of an account that ranks below your own, and all of whose organizations are yours */
  requestEmailChange(id: string, body: EmailBody, options?: CallOptions): Promise<void>;
  /** `POST /accounts/{id}/erase`: Delete the account, and leave nothing of it but its id in the audit trail */
  erase(id: string, options?: CallOptions): Promise<void>;
  /** `DELETE /accounts/{id}/factors`: Remove all second factors, passkeys and recovery codes of an account that ranks below your own, and all of whose organizations are yours. All its sessions end, and its owner is mailed */
  resetFactors(id: string, options?: CallOptions): Promise<void>;
}

/** `iam.apiKeys` */
export interface ApiKeysMethods extends Lists<Resources, 'iam:api_keys'>, Creates<Resources, 'iam:api_keys'>, Gets<Resources, 'iam:api_keys'>, Updates<Resources, 'iam:api_keys'>, Deletes {
  /** `POST /api_keys/{id}/rotate`: Replace the key by a new one, which `meta.key` shows this once. The former one stays good for the overlap */
  rotate(id: string, body?: RotateBody, options?: CallOptions): Promise<ApiKey & { readonly $meta: ShownOnce }>;
  /** `POST /api_keys/{id}/revoke`: End the key at once, for ever */
  revoke(id: string, options?: CallOptions): Promise<ApiKey & { readonly $meta: ShownOnce }>;
}

/** `iam.auditEvents` */
export interface AuditEventsMethods extends Lists<Resources, 'iam:audit_events'>, Gets<Resources, 'iam:audit_events'> {
}

/** `iam.auth` */
export interface AuthMethods {
  /** `POST /auth/mfa`: Start the session of a sign-in that got `mfa_required`, with one of its `meta.factors`. After ten wrong codes, over all sign-ins, codes are locked for 15 minutes, and twice as long each further time */
  mfa(body: MfaBody, options?: CallOptions): Promise<AccountAuth>;
  /** `POST /auth/login`: Start a session with e-mail and password */
  login(body: LoginBody, options?: CallOptions): Promise<AccountAuth>;
  /** `POST /auth/reauthenticate`: Prove who you are again, for operations that need a recent sign-in. The session stays */
  reauthenticate(body?: ReauthenticateBody, options?: CallOptions): Promise<AccountAuth>;
  /** `GET /auth/refresh`: The same with cookies, for existing browser clients; only from pages of the same site */
  refreshByGet(options?: CallOptions): Promise<AccountAuth>;
  /** `POST /auth/refresh`: Exchange a refresh token for a new pair of tokens */
  refresh(body?: RefreshBody, options?: CallOptions): Promise<AccountAuth>;
  /** `GET /auth/logout`: The same with cookies, for existing browser clients; only from pages of the same site */
  logoutByGet(options?: CallOptions): Promise<void>;
  /** `POST /auth/logout`: End the session, all of the account, or all but this one; at its identity provider too */
  logout(body?: LogoutBody, options?: CallOptions): Promise<{ readonly end_session_url: string } | undefined>;
  /** `GET /auth/me`: Who is signed in */
  me(options?: CallOptions): Promise<AccountAuth>;
  /** `POST /auth/token`: Exchange an API key for an access token, for services that verify tokens by themselves */
  token(body: { readonly grant_type: 'client_credentials'; readonly client_id?: string | undefined; readonly client_secret?: string | undefined }, options?: CallOptions): Promise<{ readonly access_token: string; readonly token_type: 'Bearer'; readonly expires_in: number }>;
  /** `POST /auth/sso/exchange`: Exchange the code of a sign-in with an identity provider for a session. Codes that prove again who the account is, or link an identity, are exchanged with an access token of that account */
  ssoExchange(body: ExchangeBody, options?: CallOptions): Promise<AccountAuth>;
  /** `POST /auth/sso/{slug}/backchannel_logout`: For identity providers: ends the sessions that came from a session, or an account, that signed out there */
  backchannelLogout(slug: string, body: { readonly logout_token: string }, options?: CallOptions): Promise<void>;
  /** `GET /auth/providers`: The identity providers to sign in with: those of the domain of an e-mail, whether or not there is such an account, and those for all accounts that have no domains */
  signInProviders(query?: { readonly email?: string | undefined }, options?: CallOptions): Promise<readonly ({
  readonly type: 'iam:sign_in_providers';
  /** Slug: `GET /auth/sso/{slug}` is where browsers go */
  readonly id: string;
  readonly name: string;
  readonly kind: 'oidc' | 'oauth2' | 'google' | 'microsoft' | 'github' | 'gitlab';
  /** Whether addresses of the domain sign in with it only */
  readonly enforced: boolean;
})[]>;
  /** `POST /auth/passkey/options`: A challenge for a passkey, with the options for `navigator.credentials.get()`. For `sign_in` they are the same for all; for `reauthenticate` they are those of the signed-in account */
  passkeyOptions(body: PasskeyOptionsBody, options?: CallOptions): Promise<{ readonly transaction: string; readonly options: Readonly<Record<string, unknown>> }>;
  /** `POST /auth/passkey`: Start a session with a passkey */
  passkeySignIn(body: PasskeySignInBody, options?: CallOptions): Promise<AccountAuth>;
}

/** `iam.health` */
export interface HealthMethods {
  /** `GET /health/live`: Whether the process answers */
  live(options?: CallOptions): Promise<Health>;
  /** `GET /health/ready`: Whether requests should be sent here; what is only a warning is named in `degraded` */
  ready(options?: CallOptions): Promise<Health>;
}

/** `iam.identityProviders` */
export interface IdentityProvidersMethods extends Lists<Resources, 'iam:identity_providers'>, Creates<Resources, 'iam:identity_providers'>, Gets<Resources, 'iam:identity_providers'>, Updates<Resources, 'iam:identity_providers'>, Deletes {
  /** `POST /identity_providers/{resource_id}/verify_domain`: Look for the TXT record that proves a domain of the provider; `meta.records` names it */
  verifyDomain(resourceId: string, body: VerifyDomainBody, query?: { readonly confirm?: boolean | undefined }, options?: CallOptions): Promise<IdentityProvider & { readonly $meta: ShownOnce }>;
}

/** `iam.jobs` */
export interface JobsMethods extends Lists<Resources, 'iam:jobs'>, Gets<Resources, 'iam:jobs'> {
}

/** `iam.organizations` */
export interface OrganizationsMethods extends Lists<Resources, 'iam:organizations'>, Creates<Resources, 'iam:organizations'>, Gets<Resources, 'iam:organizations'>, Updates<Resources, 'iam:organizations'>, Deletes<Job & { readonly $meta: ShownOnce } | undefined> {
}

/** `iam.roles` */
export interface RolesMethods {
  /** `GET /roles`: Return all roles, or only your own if you may assign none */
  list(options?: CallOptions): Promise<RoleCollection>;
  /** `GET /roles/{name}`: Show a specific role */
  get(name: string, options?: CallOptions): Promise<Role>;
}

/** `iam.trustedDevices` */
export interface TrustedDevicesMethods extends Lists<Resources, 'iam:trusted_devices'>, Gets<Resources, 'iam:trusted_devices'>, Deletes {
}

/** `iam.wellKnown` */
export interface WellKnownMethods {
  /** `GET /.well-known/jwks.json`: The public keys that access tokens verify with */
  jwks(options?: CallOptions): Promise<KeySet>;
  /** `GET /.well-known/oauth-authorization-server`: Metadata of the token endpoint (RFC 8414); with the path of the issuer behind it where it has one */
  oauthAuthorizationServer(options?: CallOptions): Promise<{ readonly issuer: string; readonly token_endpoint: string; readonly jwks_uri: string; readonly grant_types_supported: readonly string[]; readonly response_types_supported: readonly string[]; readonly token_endpoint_auth_methods_supported?: readonly string[] }>;
}

/** The methods of the API. */
export interface Iam {
  readonly account: AccountMethods;
  readonly accountFactors: AccountFactorsMethods;
  readonly accountIdentities: AccountIdentitiesMethods;
  readonly accountPasskeys: AccountPasskeysMethods;
  readonly accountSessions: AccountSessionsMethods;
  readonly accounts: AccountsMethods;
  readonly apiKeys: ApiKeysMethods;
  readonly auditEvents: AuditEventsMethods;
  readonly auth: AuthMethods;
  readonly health: HealthMethods;
  readonly identityProviders: IdentityProvidersMethods;
  readonly jobs: JobsMethods;
  readonly organizations: OrganizationsMethods;
  readonly roles: RolesMethods;
  readonly trustedDevices: TrustedDevicesMethods;
  readonly wellKnown: WellKnownMethods;
}

/** `code` of an error. */
export type ErrorCode = 'malformed_body' | 'invalid_parameter' | 'unauthenticated' | 'invalid_credentials' | 'mfa_required' | 'sso_required' | 'account_disabled' | 'invalid_refresh_token' | 'forbidden' | 'mfa_enrolment_required' | 'reauthentication_required' | 'not_found' | 'invalid_token' | 'method_not_allowed' | 'not_acceptable' | 'request_timeout' | 'conflict' | 'confirmation_required' | 'precondition_failed' | 'payload_too_large' | 'unsupported_media_type' | 'validation_failed' | 'expired_token' | 'too_many_requests' | 'headers_too_large' | 'internal_error' | 'unavailable';

/** `meta.rule` of a `validation_failed` error. */
export type Rule = 'required' | 'type' | 'format' | 'too_short' | 'empty' | 'too_long' | 'too_small' | 'too_large' | 'too_few' | 'too_many' | 'invalid_characters' | 'control_characters' | 'not_allowed' | 'unknown_reference' | 'unknown_attribute' | 'read_only' | 'idempotency_key_reused' | (string & Record<never, never>);

export type AccountAuth = {
  readonly type: 'iam:account_auths';
  /** Id of the account */
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly picture_url: string | null;
  readonly role_name: string;
  readonly role_scope: Readonly<Record<string, readonly string[]>>;
  /** `resource.action.scope` */
  readonly role_rights: readonly string[];
  /** Expiry of the access token or API key, in seconds since the epoch; null for a key that does not expire */
  readonly exp: number | null;
} & { readonly $meta: { readonly token?: string; readonly refresh_token?: string; readonly api_key_id?: string } };

export type AccountExport = {
  readonly account_id: string;
  readonly exported_at: Time;
  readonly [name: string]: unknown;
};

export type AddPasskeyBody = {
  /** `meta.transaction` of the options */
  readonly transaction: string;
  /** What `navigator.credentials.create()` gave for the options, as JSON (`RegistrationResponseJSON`) */
  readonly response: Readonly<Record<string, unknown>>;
  readonly name: string;
};

export type ChangeBody = {
  readonly current_password: string;
  readonly new_password: string;
};

export type ConfirmFactorBody = {
  /** Six digits of the authenticator app */
  readonly code: string;
};

export type EmailBody = {
  readonly email: string;
};

export type EmailTokenBody = {
  /** The token of the mail */
  readonly token: string;
};

export type ExchangeBody = {
  /** The `code` that came to `return_to`; good for 60 seconds, once */
  readonly code: string;
  /** The PKCE verifier of `code_challenge` (RFC 7636) */
  readonly code_verifier: string;
  /** Put the tokens into cookies instead of the body; false without it */
  readonly cookie?: boolean | undefined;
};

export type Health = {
  readonly status: 'ok';
  readonly degraded?: readonly string[];
};

export type Join = {
  readonly password?: string | undefined;
  readonly name?: string | undefined;
};

export type KeySet = {
  readonly keys: readonly { readonly kty: string; readonly kid: string; readonly alg: string }[];
};

export type LinkBody = {
  /** Where it leads afterwards; the page of the account without it */
  readonly return_to?: string | undefined;
  /** PKCE challenge by S256, unless it leads to a page of the service */
  readonly code_challenge?: string | undefined;
};

export type LoginBody = {
  readonly email: string;
  readonly password: string;
  /** Put the tokens into cookies instead of the body; false without it */
  readonly cookie?: boolean | undefined;
};

export type LogoutBody = {
  /** End every session of the account; false without it */
  readonly everywhere?: boolean | undefined;
  /** End every session of the account but this one; false without it */
  readonly others?: boolean | undefined;
  /** Names the session when the access token has expired */
  readonly refresh_token?: string | undefined;
  /** Sign out also at the identity provider that the session came from: `meta.end_session_url` is where the browser goes, if there is such a place; false without it */
  readonly provider?: boolean | undefined;
  /** Where the provider leads then: at `APP_URL`, or one of `RETURN_URLS`, and registered at the provider */
  readonly return_to?: string | undefined;
};

export type MfaBody = {
  /** Six digits of an authenticator app */
  readonly code?: string | undefined;
  readonly recovery_code?: string | undefined;
  /** The response of a passkey */
  readonly passkey?: { readonly transaction?: string | undefined; readonly response?: Readonly<Record<string, unknown>> | undefined } | undefined;
  /** Out of `meta` of the error `mfa_required` */
  readonly mfa_token: string;
  /** Ask for no second factor on this device for `TRUSTED_DEVICE_DAYS`; false without it */
  readonly trust_device?: boolean | undefined;
  /** Put the tokens into cookies instead of the body; false without it */
  readonly cookie?: boolean | undefined;
};

export type PasskeyOptionsBody = {
  /** What the passkey is to be used for */
  readonly purpose: 'sign_in' | 'mfa' | 'reauthenticate';
  /** For `mfa`: `meta.mfa_token` of the error of the first step */
  readonly mfa_token?: string | undefined;
};

export type PasskeySignInBody = {
  /** `meta.transaction` of the options */
  readonly transaction: string;
  /** What `navigator.credentials.get()` gave for the options, as JSON (`AuthenticationResponseJSON`) */
  readonly response: Readonly<Record<string, unknown>>;
  /** Put the tokens into cookies instead of the body; false without it */
  readonly cookie?: boolean | undefined;
};

export type ReauthenticateBody = {
  /** Six digits of an authenticator app */
  readonly code?: string | undefined;
  readonly recovery_code?: string | undefined;
  /** The response of a passkey */
  readonly passkey?: { readonly transaction?: string | undefined; readonly response?: Readonly<Record<string, unknown>> | undefined } | undefined;
  /** Required unless there is a passkey */
  readonly password?: string | undefined;
};

export type RefreshBody = {
  readonly refresh_token?: string | undefined;
};

export type RequestResetBody = {
  readonly email: string;
};

export type ResetBody = {
  /** The token of the reset mail */
  readonly token: string;
  readonly password: string;
};

export type Role = {
  readonly type: 'iam:roles';
  /** Name of the role, as in `role_name` of accounts */
  readonly id: string;
  readonly title: string | null;
  readonly description: string | null;
  /** No actor assigns a role above their own rank */
  readonly rank: number;
  /** Whether you may give accounts this role now */
  readonly assignable: boolean;
  /** `resource.action.scope` */
  readonly rights: readonly string[];
};

export type RoleCollection = readonly Role[];

export type RotateBody = Readonly<Record<string, unknown>>;

export type VerifyDomainBody = {
  readonly domain: string;
};

/** What the client runs by. */
export const API: ApiTable = {
  account: {
    operations: {
      requestPasswordReset: 'POST /account/passwords/request_reset {}',
      resetPassword: 'POST /account/passwords/reset {}',
      tokenValid: 'GET /account/passwords/token_valid ?',
      passwordPolicy: 'GET /account/passwords/policy',
      changePassword: 'POST /account/passwords/change {}',
      requestEmailChange: 'POST /account/email {}',
      confirmEmailChange: 'POST /account/email/confirm {}',
      revertEmailChange: 'POST /account/email/revert {}',
      export: 'GET /account/export',
      linkIdentity: 'POST /account/identities/{slug} {}',
      makeRecoveryCodes: 'POST /account/recovery_codes',
    },
  },
  accountFactors: {
    type: 'iam:account_factors',
    verbs: ['list', 'create', 'get', 'delete'],
    operations: {
      confirm: 'POST /account_factors/{id}/confirm {}',
    },
  },
  accountIdentities: {
    type: 'iam:account_identities',
    verbs: ['list', 'get', 'delete'],
  },
  accountPasskeys: {
    type: 'iam:account_passkeys',
    verbs: ['list', 'get', 'update', 'delete'],
    operations: {
      add: 'POST /account_passkeys {}',
      options: 'POST /account_passkeys/options',
    },
  },
  accountSessions: {
    type: 'iam:account_sessions',
    verbs: ['list', 'get', 'delete'],
  },
  accounts: {
    type: 'iam:accounts',
    verbs: ['list', 'create', 'get', 'update', 'delete'],
    whole: ['search'],
    operations: {
      invitation: 'GET /accounts/{token}/invitation',
      join: 'PATCH /accounts/{token}/join {}',
      resendInvitation: 'POST /accounts/{id}/resend_invitation',
      requestEmailChange: 'POST /accounts/{id}/email {}',
      erase: 'POST /accounts/{id}/erase',
      resetFactors: 'DELETE /accounts/{id}/factors',
    },
  },
  apiKeys: {
    type: 'iam:api_keys',
    verbs: ['list', 'create', 'get', 'update', 'delete'],
    operations: {
      rotate: 'POST /api_keys/{id}/rotate {}',
      revoke: 'POST /api_keys/{id}/revoke',
    },
  },
  auditEvents: {
    type: 'iam:audit_events',
    verbs: ['list', 'get'],
  },
  auth: {
    operations: {
      mfa: 'POST /auth/mfa {cookie}',
      login: 'POST /auth/login {cookie}',
      reauthenticate: 'POST /auth/reauthenticate {}',
      refreshByGet: 'GET /auth/refresh',
      refresh: 'POST /auth/refresh {}',
      logoutByGet: 'GET /auth/logout',
      logout: 'POST /auth/logout {}',
      me: 'GET /auth/me',
      token: 'POST /auth/token form',
      ssoExchange: 'POST /auth/sso/exchange {cookie}',
      backchannelLogout: 'POST /auth/sso/{slug}/backchannel_logout form',
      signInProviders: 'GET /auth/providers ?',
      passkeyOptions: 'POST /auth/passkey/options {}',
      passkeySignIn: 'POST /auth/passkey {cookie}',
    },
  },
  health: {
    operations: {
      live: 'GET /health/live',
      ready: 'GET /health/ready',
    },
  },
  identityProviders: {
    type: 'iam:identity_providers',
    verbs: ['list', 'create', 'get', 'update', 'delete'],
    operations: {
      verifyDomain: 'POST /identity_providers/{resource_id}/verify_domain {} ?',
    },
  },
  jobs: {
    type: 'iam:jobs',
    verbs: ['list', 'get'],
  },
  organizations: {
    type: 'iam:organizations',
    verbs: ['list', 'create', 'get', 'update', 'delete'],
  },
  roles: {
    operations: {
      list: 'GET /roles',
      get: 'GET /roles/{name}',
    },
  },
  trustedDevices: {
    type: 'iam:trusted_devices',
    verbs: ['list', 'get', 'delete'],
  },
  wellKnown: {
    operations: {
      jwks: 'GET /.well-known/jwks.json',
      oauthAuthorizationServer: 'GET /.well-known/oauth-authorization-server',
    },
  },
};

/** A client of the service: `createClient({ url: 'https://accounts.example.com', session })`. */
export const createClient = (options: ClientOptions): Iam => clientOf<Iam>(API, options);
