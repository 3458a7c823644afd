import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useRef } from 'react';
import { Field, FormError } from './field';
import { iam, queries } from './iam';

export function Invite() {
  const queryClient = useQueryClient();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const roles = useQuery({ queryKey: ['roles'], queryFn: ({ signal }) => iam.roles.list({ signal }) });
  const invite = useMutation({
    mutationFn: (data: FormData) =>
      iam.accounts.create({
        email: String(data.get('email')),
        name: String(data.get('name')) || undefined,
        role_name: String(data.get('role')),
      }),
    onSuccess: () => {
      form.current?.reset();
      return queryClient.invalidateQueries({ queryKey: queries.accounts.key });
    },
  });
  const assignable = roles.data?.filter((role) => role.assignable) ?? [];
  if (assignable.length === 0) return null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    invite.mutate(new FormData(event.currentTarget));
  };
  return (
    <form ref={form} onSubmit={submit} aria-label="Invite" noValidate>
      <h2>Invite</h2>
      <Field label="E-mail" name="email" type="email" error={invite.error} />
      <Field label="Name" name="name" error={invite.error} />
      <p>
        <label htmlFor={id}>Role</label>{' '}
        <select id={id} name="role" defaultValue="user">
          {assignable.map(({ id: name, title }) => (
            <option key={name} value={name}>
              {title ?? name}
            </option>
          ))}
        </select>
      </p>
      <FormError error={invite.error} />
      <button disabled={invite.isPending}>Invite</button>
      {invite.data && <p role="status">Invited {invite.data.email}</p>}
    </form>
  );
}
