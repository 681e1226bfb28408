import { sandboxesContract } from '@anchor/testing/contracts/sandboxes.ts';
import { makeSandboxes } from './testing.ts';

sandboxesContract('bubblewrap', makeSandboxes);
