import NIOCore
import NIOPosix
import Synchronization

/// Passes connections on to a server on loopback, each piece of a request later than it came; can be
/// stopped, which cuts all connections, and started again on the same port.
final class DelayingProxy: Sendable {
  private let serverPort: Int
  private let delay: TimeAmount
  private let state = Mutex(State())

  private struct State {
    var port = 0
    var listener: (any Channel)?
    var clients: [ObjectIdentifier: any Channel] = [:]
  }

  init(to serverPort: Int, delay: TimeAmount = .zero) async throws {
    self.serverPort = serverPort
    self.delay = delay
    try await start()
  }

  var port: Int { state.withLock { $0.port } }

  func start() async throws {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { [self] client in connect(client) }
      .bind(host: "127.0.0.1", port: port).get()
    state.withLock {
      $0.listener = listener
      $0.port = listener.localAddress?.port ?? 0
    }
  }

  func stop() async throws {
    let (listener, clients) = state.withLock { state in
      defer {
        state.listener = nil
        state.clients = [:]
      }
      return (state.listener, state.clients.values)
    }
    try await listener?.close()
    for client in clients { client.close(promise: nil) }
  }

  private func connect(_ client: any Channel) -> EventLoopFuture<Void> {
    state.withLock { $0.clients[ObjectIdentifier(client)] = client }
    client.closeFuture.whenComplete { [self] _ in
      state.withLock { $0.clients[ObjectIdentifier(client)] = nil }
    }
    return ClientBootstrap(group: client.eventLoop)
      .connect(host: "127.0.0.1", port: serverPort)
      .flatMap { [delay] server in
        client.eventLoop.makeCompletedFuture {
          try client.pipeline.syncOperations.addHandler(Relay(to: server, after: delay))
          try server.pipeline.syncOperations.addHandler(Relay(to: client, after: .zero))
        }
      }
      .flatMap { client.setOption(.autoRead, value: true) }
  }

  private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let delay: TimeAmount

    init(to other: any Channel, after delay: TimeAmount) {
      self.other = other
      self.delay = delay
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let piece = unwrapInboundIn(data)
      guard delay > .zero else { return other.writeAndFlush(piece, promise: nil) }
      let other = other
      context.eventLoop.scheduleTask(in: delay) { other.writeAndFlush(piece, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
      let other = other
      context.eventLoop.scheduleTask(in: delay) { other.close(promise: nil) }
      context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
