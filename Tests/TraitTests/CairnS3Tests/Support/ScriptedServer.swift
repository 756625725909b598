import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a server got it.
struct ReceivedRequest: Sendable {
  let method: String
  /// With the query.
  let uri: String
  let headers: [(String, String)]
  let body: [UInt8]

  func header(_ name: String) -> String? {
    headers.first { $0.0.lowercased() == name }?.1
  }

  func value(_ name: String) -> String? {
    for pair in uri.split(separator: "?").last?.split(separator: "&") ?? []
    where pair.hasPrefix(name + "=") {
      return String(pair.dropFirst(name.count + 1))
    }
    return nil
  }

  var path: Substring { uri.prefix { $0 != "?" } }
}

/// What a scripted server answers.
struct ScriptedAnswer: Sendable {
  var status: Int
  var headers: [(String, String)] = []
  var body: [UInt8] = []
  /// Says another length than the body's, and ends the connection behind it.
  var announced: Int?
  /// Sends the body in pieces, with no length named before.
  var isChunked = false
  /// Ends the connection without an answer.
  var hangsUp = false

  init(_ status: Int, _ body: String = "", _ headers: [(String, String)] = []) {
    self.status = status
    self.body = Array(body.utf8)
    self.headers = headers
  }

  static var hangUp: ScriptedAnswer {
    var answer = ScriptedAnswer(200)
    answer.hangsUp = true
    return answer
  }
}

/// An HTTP server on loopback that answers what a test says, and remembers what it was asked.
final class ScriptedServer: Sendable {
  typealias Script = @Sendable (ReceivedRequest, Int) -> ScriptedAnswer

  private let channel: any Channel
  private let log: Log

  final class Log: Sendable {
    private let received = Mutex<[ReceivedRequest]>([])
    /// - Returns: How many came before.
    func add(_ request: ReceivedRequest) -> Int {
      received.withLock {
        $0.append(request)
        return $0.count - 1
      }
    }
    var all: [ReceivedRequest] { received.withLock { $0 } }
  }

  init(_ script: @escaping Script) async throws {
    let log = Log()
    self.log = log
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 64)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(script, log))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var endpoint: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
  var requests: [ReceivedRequest] { log.all }

  func close() async {
    try? await channel.close()
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: Script
    private let log: Log
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ script: @escaping Script, _ log: Log) {
      self.script = script
      self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = []
      case .body(let piece): body += piece.readableBytesView
      case .end:
        guard let head else { return }
        let request = ReceivedRequest(
          method: head.method.rawValue, uri: head.uri,
          headers: head.headers.map { ($0.name, $0.value) }, body: body)
        answer(script(request, log.add(request)), head, context)
      }
    }

    private func answer(
      _ answer: ScriptedAnswer, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
      guard !answer.hangsUp else { return context.close(promise: nil) }
      var head = HTTPResponseHead(
        version: .http1_1, status: .init(statusCode: answer.status),
        headers: HTTPHeaders(answer.headers))
      // An answer to HEAD without a length would be followed by an empty body in pieces.
      if answer.isChunked {
        head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
      } else if request.method != .HEAD || !head.headers.contains(name: "content-length") {
        head.headers.replaceOrAdd(
          name: "content-length", value: String(answer.announced ?? answer.body.count))
      }
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      if request.method != .HEAD, !answer.body.isEmpty {
        context.write(
          wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
      }
      if answer.announced == nil {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      } else {
        context.flush()
        context.close(promise: nil)
      }
    }
  }
}
