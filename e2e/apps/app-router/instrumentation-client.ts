Object.assign(globalThis, { clientInstrumented: true });
