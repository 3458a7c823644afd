/** A link below the text of a page. */
export interface PageLink {
  /** Relative to the page. */
  readonly href: string;
  readonly label: string;
}

/** A rule or an error of a field. */
export interface FieldSentence {
  readonly text: string;
  /** Language tag, where it is not that of the page; else null. */
  readonly lang: string | null;
}

/** A choice of a field. */
export interface FieldOption {
  readonly value: string;
  readonly label: string;
  readonly selected: boolean;
}

/** A field of a form, for the template `field`. */
export interface FieldData {
  /** Unique in the page. */
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  /** The `autocomplete` attribute (HTML, autofill). */
  readonly autocomplete: string;
  readonly value: string;
  /** What can be chosen; null for a field to type in. */
  readonly options: readonly FieldOption[] | null;
  /** A box to tick, which sends `true`; null for any other field. */
  readonly box: { readonly checked: boolean } | null;
  /** Whether browsers may check its spelling and start it in upper case. */
  readonly prose: boolean;
  /** Whether it takes digits only, so that a phone shows these. */
  readonly numeric: boolean;
  readonly optional: boolean;
  readonly readOnly: boolean;
  /** Whether it has the focus when the page opens. */
  readonly focused: boolean;
  readonly rules: readonly FieldSentence[];
  readonly errors: readonly FieldSentence[];
  /** The label of the button that shows the password; null for other fields. */
  readonly reveal: string | null;
}

/** A form and its button, for the template `form-body`. */
export interface FormData {
  /** The URL that takes it, relative to the page. */
  readonly action: string;
  readonly submit: string;
  /** Values of hidden fields by name. */
  readonly hidden: Readonly<Record<string, string>>;
  readonly fields: readonly FieldData[];
  /** Null for a form that a person fills in. */
  readonly passkey: PasskeyPrompt | null;
}

/** A form whose passkey may be left out: then a person fills it in. */
export type AnyForm = Omit<FormData, 'passkey'> & Partial<Pick<FormData, 'passkey'>>;

/** A form that the script of the pages fills in with what an authenticator answers. Hidden where the browser has no passkeys. */
export interface PasskeyPrompt {
  readonly ceremony: 'create' | 'get';
  /** The URL of the operation that gives the options, and its body, JSON. */
  readonly options: string;
  readonly request: string;
  /** Also offered in the field of the e-mail, without the button. */
  readonly conditional: boolean;
  /** What is said when it did not work. */
  readonly error: string;
  /** Whether that is said from the start. */
  readonly failed: boolean;
  /** What is said in place of the form where the browser has no passkeys; null for nothing. */
  readonly unsupported: string | null;
}

/** A fact about an account, and where it is changed. */
export interface FactData {
  readonly label: string;
  readonly value: string;
  readonly link: PageLink | null;
}

/** An item of a list. */
export interface ItemData {
  readonly title: string;
  readonly detail: string;
}

/** A form that is only a button. */
export interface ButtonData {
  /** The URL that takes it. */
  readonly action: string;
  readonly label: string;
}

/** What an account has, on a page of its own: each can be changed or removed there. */
export interface OwnItemsData {
  heading: string;
  body: string;
  /** What has just been done, or has to be done first. */
  notice: string | null;
  /** What went wrong. */
  problem: string | null;
  items: readonly (ItemData & { readonly id: string })[];
  /** In place of items when there are none. */
  empty: string;
  /** The URL that takes the forms of the items. */
  action: string;
}

/** A part of the page of an account that a module adds. */
export interface SectionData {
  readonly heading: string;
  readonly items: readonly ItemData[];
  /** In place of items when there are none. */
  readonly empty: string;
  /** Where these are changed. */
  readonly link: PageLink | null;
}

/**
 * The pages and their data, by the names of their templates; besides, a template gets only {@link PageSurroundings}.
 * A module adds its own by declaration merging, and its templates with `PageTemplates.add`.
 */
export interface PageData {
  /** A form, empty or with errors. */
  form: FormData & {
    heading: string;
    body: string;
    /** Below it: other ways to the same end. */
    others: readonly FormData[];
  };
  /** The ways to sign in. */
  'sign-in': {
    heading: string;
    /** Why it is this way; null where that needs no words. */
    body: string | null;
    /** Where one signs in elsewhere. */
    buttons: readonly PageLink[];
    forms: readonly FormData[];
    links: readonly PageLink[];
  };
  /** The overview of an account. */
  account: {
    heading: string;
    /** What has just been done. */
    notice: string | null;
    facts: readonly FactData[];
    sections: readonly SectionData[];
    sessions: {
      heading: string;
      items: readonly (ItemData & { readonly badge: string | null; readonly end: ButtonData | null })[];
      /** That there are more than are shown. */
      more: string | null;
      others: ButtonData | null;
    } | null;
    trail: { heading: string; items: readonly ItemData[] };
    signOut: ButtonData & { readonly method: 'get' | 'post' };
  };
  /** The passkeys of an account. */
  passkeys: OwnItemsData & {
    words: Readonly<Record<'name' | 'change' | 'rename' | 'remove', string>>;
    /** Null where none can be added. */
    add: FormData | null;
    back: PageLink;
  };
  /** The identity providers of an account. */
  identities: OwnItemsData & {
    /** Label of their buttons; null where none can be removed. */
    unlink: string | null;
    /** Where further ones are linked. */
    buttons: readonly PageLink[];
    back: PageLink;
  };
  /** The second factors of an account. */
  'second-factors': OwnItemsData & {
    words: Readonly<Record<'remove' | 'removeHint', string>>;
    /** Null where recovery codes cannot be made. */
    codes: { heading: string; body: string; form: FormData } | null;
    /** Null where no device is trusted. */
    devices: Pick<OwnItemsData, 'heading' | 'body' | 'items'> | null;
    /** Null where no app can be added. */
    add: FormData | null;
    links: readonly PageLink[];
  };
  /** The key of a new authenticator app, and a form for a code of it. */
  enrolment: FormData & {
    heading: string;
    body: string;
    qr: { readonly label: string; readonly viewBox: string; readonly path: string };
    key: { readonly label: string; readonly value: string };
    open: PageLink;
    cancel: PageLink;
  };
  /** New recovery codes, which are shown once. */
  'recovery-codes': {
    heading: string;
    body: string;
    codes: readonly string[];
    /** The same as a file; `href` contains it. */
    download: PageLink & { readonly file: string };
    link: PageLink;
  };
  /** After an accepted form. */
  done: { heading: string; body: string; link: PageLink | null };
  /** An error. */
  problem: { heading: string; body: string; link: PageLink | null };
}

/** The name of a page, which is that of its template. */
export type PageName = keyof PageData;

/** Values that every template can use besides its own data; `style` and `script` besides. */
export interface PageSurroundings {
  /** Title of the document, in front of the product's name. */
  readonly title: string;
  readonly product: string;
  /** URL or path of the logo, shown beside the name; null where there is none. */
  readonly logo?: string | null;
  /** The language that the page is written in, as a tag (RFC 5646). */
  readonly locale: string;
  /** True for a wider layout than that of a form. */
  readonly wide: boolean;
  /** On pages that need a session, the page that ends it; null on others. */
  readonly signOutLink?: PageLink | null;
}
