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

/** A field of a form, for the template `field`. */
export interface FieldData {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  /** The `autocomplete` attribute (HTML, autofill). */
  readonly autocomplete: string;
  readonly value: string;
  /** Whether browsers may check its spelling and start it in upper case. */
  readonly prose: boolean;
  readonly readOnly: boolean;
  /** Whether it has the focus when the page opens. */
  readonly focused: boolean;
  readonly rules: readonly FieldSentence[];
  readonly errors: readonly FieldSentence[];
  /** The label of the button that shows the password; null for other fields. */
  readonly reveal: string | null;
}

/**
 * The pages and their data, by the names of their templates; besides, a template gets only {@link PageSurroundings}.
 * A module adds its own by declaration merging, and its templates with `PageTemplates.add`.
 */
export interface PageData {
  /** A form, empty or with errors. */
  form: {
    heading: string;
    body: string;
    /** Relative to the page. */
    action: string;
    submit: string;
    /** Values of hidden fields by name. */
    hidden: Readonly<Record<string, string>>;
    fields: readonly FieldData[];
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
}
