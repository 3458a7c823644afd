import { ApiError } from 'iam-client';
import { type InputHTMLAttributes, useId } from 'react';

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly name: string;
  /** What the form got when it was sent. */
  readonly error?: unknown;
}

/** An input with its label, and what the service says of its value. */
export function Field({ label, error, ...input }: FieldProps) {
  const id = useId();
  const places = [`/data/attributes/${input.name}`, `/${input.name}`];
  const errors = error instanceof ApiError ? places.flatMap((place) => error.at(place)) : [];
  return (
    <p>
      <label htmlFor={id}>{label}</label>{' '}
      <input id={id} aria-invalid={errors.length > 0} aria-describedby={`${id}-errors`} {...input} />
      <span id={`${id}-errors`} role="alert">
        {errors.map(({ detail }) => detail).join(' ')}
      </span>
    </p>
  );
}

/** What the service says of the form as a whole. */
export function FormError({ error }: { readonly error: unknown }) {
  if (!error || (error instanceof ApiError && error.errors.every(({ source }) => source?.pointer))) return null;
  return <p role="alert">{error instanceof Error ? error.message : String(error)}</p>;
}
