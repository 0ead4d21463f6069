// A real OpenID provider (the certified node library) in a process of its own: any name signs in, one client is known.
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: "onewindow", client_secret: "kept-for-tests-only", redirect_uris: [redirect] }],
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["kept-for-tests-only"] },
  pkce: { required: () => true },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
