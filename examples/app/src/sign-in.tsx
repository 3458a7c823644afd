import { useMutation } from '@tanstack/react-query';
import { Field, FormError } from './field';
import { iam } from './iam';

export function SignIn() {
  const signIn = useMutation({
    mutationFn: (form: FormData) =>
      iam.auth.login({ email: String(form.get('email')), password: String(form.get('password')) }),
  });
  return (
    <main>
      <h1>Sign in</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate(new FormData(event.currentTarget));
        }}
      >
        <Field label="E-mail" name="email" type="email" autoComplete="username" required error={signIn.error} />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          error={signIn.error}
        />
        <FormError error={signIn.error} />
        <button disabled={signIn.isPending}>Sign in</button>
      </form>
    </main>
  );
}
