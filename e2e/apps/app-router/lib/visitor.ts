import { cookies } from 'next/headers';
import { pass } from './gate';

/** Waits for the gate of the visitor who asks for this page. */
export const passVisitor = async (n: number, ms: number): Promise<void> => pass((await cookies()).get('gate')?.value, n, ms);
