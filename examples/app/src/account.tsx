import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PreconditionFailedError } from 'iam-client';
import { useState } from 'react';
import { Field, FormError } from './field';
import { iam, queries, type Row } from './iam';

export function Account({ account }: { readonly account: Row }) {
  const [isEdited, setEdited] = useState(false);
  if (isEdited) return <Editor account={account} onDone={() => setEdited(false)} />;
  return (
    <tr>
      <td>{account.name}</td>
      <td>{account.email}</td>
      <td>{account.organizations.map(({ name }) => name).join(', ')}</td>
      <td>{account.joined_at === null && 'invited'}</td>
      <td>{account.$meta.can?.attributes.includes('name') && <button onClick={() => setEdited(true)}>Edit</button>}</td>
    </tr>
  );
}

/** Writes only over what was read: a change that someone else made meanwhile is shown first. */
function Editor({ account, onDone }: { readonly account: Row; readonly onDone: () => void }) {
  const queryClient = useQueryClient();
  const [read, setRead] = useState<Pick<Row, 'id' | 'name' | '$meta'>>(account);
  const update = useMutation({
    mutationFn: (name: string) => iam.accounts.update(read, { name }),
    onError: async (error) => {
      if (error instanceof PreconditionFailedError) setRead(await iam.accounts.get(account.id));
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: queries.accounts.key });
      onDone();
    },
  });
  const isConflict = update.error instanceof PreconditionFailedError;
  return (
    <tr>
      <td colSpan={5}>
        <form
          aria-label={`Edit ${account.email}`}
          onSubmit={(event) => {
            event.preventDefault();
            update.mutate(String(new FormData(event.currentTarget).get('name')));
          }}
        >
          <Field label="Name" name="name" defaultValue={account.name} error={update.error} />
          {isConflict && <p role="alert">It was changed to “{read.name}” meanwhile. Save again to replace that.</p>}
          {!isConflict && <FormError error={update.error} />}
          <button disabled={update.isPending}>Save</button>
          <button type="button" onClick={onDone}>
            Cancel
          </button>
        </form>
      </td>
    </tr>
  );
}
