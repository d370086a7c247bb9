// What `@interplay/server` resolves to for the client: a file that is no module, so that an import does not compile.
