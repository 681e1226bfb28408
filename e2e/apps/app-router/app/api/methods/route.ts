const answer = (request: Request): Response => new Response(`${request.method} received`, { headers: { 'x-method': request.method } });

export { answer as DELETE, answer as GET, answer as HEAD, answer as OPTIONS, answer as PATCH, answer as POST, answer as PUT };
