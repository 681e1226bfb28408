// What others import is not in the repository: it has to be built before them.
import { cpSync } from 'node:fs';

cpSync('src', 'dist', { recursive: true });
