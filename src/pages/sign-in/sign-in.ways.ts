import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import type { ApiError } from '../../json-api/document/errors.js';
import { NO_ERRORS, type FieldErrors } from '../fields.js';
import type { AnyForm, FieldData, FormData, PageLink } from '../page.data.js';
import type { View } from '../page.renderer.js';
import type { PageText } from '../text/page.text.js';

/** What is known of a sign-in after its first step. */
export interface SignInState {
  /** As it was entered; there may be no such account. */
  readonly email: string;
  /** Where it leads, checked; null for the page of the account. */
  readonly returnTo: string | null;
  /** Errors of the form that was sent. */
  readonly errors: FieldErrors;
}

/**
 * A way to sign in: its form, or null where it is not offered. It is chosen by the e-mail alone, never by whether there
 * is such an account: the page must not reveal that. Each name of a field stands in one form only.
 */
export type SignInWay = (state: SignInState, text: PageText) => AnyForm | null | Promise<AnyForm | null>;

/** What is known of a sign-in before its first step. */
export interface NamelessState extends Pick<SignInState, 'returnTo'> {
  /** Whether it has just failed. */
  readonly failed: boolean;
}

/** A way to sign in without an e-mail, beside the field for it; null where it is not offered. */
export type NamelessWay = (state: NamelessState, text: PageText) => FormData | null;

/**
 * Ways to sign in elsewhere, as links. Without an e-mail, those that are offered to all visitors.
 * @param email as it was entered; null before that
 */
export type SignInLinks = (
  state: Pick<SignInState, 'returnTo'> & { readonly email: string | null },
  text: PageText,
) => Promise<readonly PageLink[]>;

/** What follows an error of a sign-in, such as the page for a second factor; null for any other error. */
export type NextStep = (error: ApiError, state: SignInState, text: PageText) => View | null | Promise<View | null>;

/** What is known of a sign-in after its first step, for the second. */
export interface SecondStepState extends SignInState {
  /** `meta.mfa_token` of the error. */
  readonly token: string;
  /** The names of the factors that the account has. */
  readonly factors: readonly string[];
  /** Whether the form that was sent asks to trust the device. */
  readonly trustDevice?: boolean;
}

/** What a form for a second factor shows. */
export interface FactorFormState extends SecondStepState {
  /** The box to trust the device, for the form of this factor; null where it cannot be trusted. */
  readonly trustBox: (factor: string) => FieldData | null;
}

/** The form for a second factor. Each name of a field stands in one form only. */
export type FactorForm = (state: FactorFormState, text: PageText) => AnyForm | Promise<AnyForm>;

/** Who proves again who they are, and the page that it leads to. */
export interface ConfirmationState {
  readonly returnTo: string;
  /** What the account can prove it with. */
  readonly methods: readonly string[];
  readonly errors: FieldErrors;
}

/** A way to prove again who one is without a password; null where the account has none of it. */
export type Confirmation = (state: ConfirmationState, text: PageText) => FormData | null;

/** Ways to prove again who one is elsewhere, as links, and the page that they lead to. */
export type ConfirmationLinks = (
  actor: Pick<Actor, 'id'>,
  returnTo: string,
  text: PageText,
) => Promise<readonly PageLink[]>;

/** The ways to sign in on the page `/sign-in`. A module registers its own in `onModuleInit`. */
@Injectable()
export class SignInWays {
  private readonly ways: SignInWay[] = [];
  private readonly nameless: NamelessWay[] = [];
  private readonly steps: NextStep[] = [];
  private readonly confirmations: Confirmation[] = [];
  private readonly confirmationLinks: ConfirmationLinks[] = [];
  private readonly elsewhere: SignInLinks[] = [];
  private readonly factors = new Map<string, FactorForm>();

  /** Adds a way below those that were registered before. */
  register(way: SignInWay): void {
    this.ways.push(way);
  }

  /** Adds a way that needs no e-mail. */
  registerNameless(way: NamelessWay): void {
    this.nameless.push(way);
  }

  /** Adds links to sign in elsewhere, which stand above the forms. */
  registerLinks(links: SignInLinks): void {
    this.elsewhere.push(links);
  }

  /** The links to sign in elsewhere. */
  async links(state: Parameters<SignInLinks>[0], text: PageText): Promise<PageLink[]> {
    return (await Promise.all(this.elsewhere.map((links) => links(state, text)))).flat();
  }

  /** Adds a step that follows an error of a sign-in by password. */
  registerStep(step: NextStep): void {
    this.steps.push(step);
  }

  /** Adds a way to prove again who one is, for `/account/confirm`. */
  registerConfirmation(way: Confirmation): void {
    this.confirmations.push(way);
  }

  /** Adds links to prove elsewhere who one is, for `/account/confirm`. */
  registerConfirmationLinks(links: ConfirmationLinks): void {
    this.confirmationLinks.push(links);
  }

  /** The links to prove elsewhere who one is. */
  async confirmationLinksOf(...state: Parameters<ConfirmationLinks>): Promise<PageLink[]> {
    return (await Promise.all(this.confirmationLinks.map((links) => links(...state)))).flat();
  }

  /** The forms to prove again who one is, besides that of the password. */
  confirmationsOf(state: ConfirmationState, text: PageText): FormData[] {
    return this.confirmations.flatMap((way) => way(state, text) ?? []);
  }

  /** Adds the form for a second factor. @param name as `SecondFactors` has it */
  registerFactor(name: string, form: FactorForm): void {
    this.factors.set(name, form);
  }

  /** The forms for the second factors that an account has, in the order in which they were registered. */
  async ofFactors(state: FactorFormState, text: PageText): Promise<FormData[]> {
    const held = [...this.factors].filter(([name]) => state.factors.includes(name));
    return Promise.all(held.map(async ([, form]) => ({ passkey: null, ...(await form(state, text)) })));
  }

  /** The forms of the ways that are offered for an e-mail. */
  async offered(state: SignInState, text: PageText): Promise<FormData[]> {
    const forms = await Promise.all(this.ways.map(async (way) => way(state, text)));
    return forms.flatMap((form) => (form === null ? [] : { passkey: null, ...form }));
  }

  /** The forms of the ways that need no e-mail. */
  offeredNameless(state: NamelessState, text: PageText): FormData[] {
    return this.nameless.flatMap((way) => way(state, text) ?? []);
  }

  /** The first step that follows an error; null where none does. */
  async after(error: ApiError, state: SignInState, text: PageText): Promise<View | null> {
    for (const step of this.steps) {
      const view = await step(error, { ...state, errors: NO_ERRORS }, text);
      if (view !== null) return view;
    }
    return null;
  }
}
