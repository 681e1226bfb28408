import { cookies } from 'next/headers';
import { fail, go, leave, mark, remember } from './actions';
import { Adder, Greet, Measure } from './forms';

export default async function Page() {
  const jar = await cookies();
  const secret = 'known to the server only';
  async function closure(form: FormData): Promise<void> {
    'use server';
    (await cookies()).set('closure', `${secret.length}:${String(form.get('word'))}`);
  }
  return (
    <main>
      <h1>Actions</h1>
      <pre data-testid="cookies">{JSON.stringify(Object.fromEntries(jar.getAll().map(({ name, value }) => [name, value])))}</pre>
      <Greet />
      <Measure />
      <Adder />
      <form action={go}><input aria-label="Go as" name="name" /><button>Go</button></form>
      <form action={leave}><button>Leave</button></form>
      <form action={remember}><input aria-label="Remember what" name="what" /><button>Remember</button></form>
      <form action={mark.bind(null, 'item 7')}><input aria-label="Mark with" name="with" /><button>Mark</button></form>
      <form action={closure}><input aria-label="Word" name="word" /><button>Enclose</button></form>
      <form action={fail}><button>Fail</button></form>
    </main>
  );
}
