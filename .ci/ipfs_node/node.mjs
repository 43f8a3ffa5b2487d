// A node of IPFS with Kubo's RPC and a gateway on loopback, that talks to no other node. Beside its node_modules:
//     node node.mjs REPO RPC_PORT GATEWAY_PORT

// One of the packages below expects it, and Node has it from version 22 on.
Promise.withResolvers ??= () => {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

const [repo, rpcPort, gatewayPort] = process.argv.slice(2)
const { create } = await import('ipfs-core')
const { HttpApi } = await import('ipfs-http-server')
const { HttpGateway } = await import('ipfs-http-gateway')

const on = port => `/ip4/127.0.0.1/tcp/${port}`
const ipfs = await create({
  repo,
  offline: true,
  silent: true,
  repoAutoMigrate: false,
  preload: { enabled: false },
  init: { emptyRepo: true, algorithm: 'Ed25519' },
  config: {
    Addresses: { Swarm: [], API: on(rpcPort), Gateway: on(gatewayPort), RPC: '', Delegates: [] },
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } }
  }
})
const servers = [new HttpApi(ipfs), new HttpGateway(ipfs)]
for (const server of servers) await server.start()

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, async () => {
    for (const server of servers) await server.stop()
    await ipfs.stop()
    process.exit(0)
  })
}
