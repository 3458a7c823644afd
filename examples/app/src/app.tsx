import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Accounts } from './accounts';
import { iam, session } from './iam';
import { Invite } from './invite';
import { SignIn } from './sign-in';

export function App() {
  const queryClient = useQueryClient();
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => iam.auth.me({ signal }) });

  // Also when another tab signs in or out.
  useEffect(() => {
    const refresh = () => void queryClient.resetQueries();
    const removers = [session.on('signedin', refresh), session.on('signedout', refresh)];
    return () => removers.forEach((remove) => remove());
  }, [queryClient]);

  if (me.isPending) return <p>Loading…</p>;
  if (!me.data) return <SignIn />;
  return (
    <main>
      <h1>Accounts</h1>
      <p>
        Signed in as {me.data.name} <button onClick={() => void iam.auth.logout()}>Sign out</button>
      </p>
      <Invite />
      <Accounts />
    </main>
  );
}
