import CLibCrypto
internal import CairnCore
internal import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Messages over two pipes, within limits. One thread uses it at a time.
///
/// Descriptors that block will do, and those that do not. While it writes it also takes in what
/// comes, so that two ends that both have much to say do not wait for each other.
final class PluginChannel {
  private let input: FileDescriptor
  private let output: FileDescriptor
  private let limits: PluginLimits
  /// Who is at the other end, at the start of a sentence.
  private let peer: String

  /// What has come and is not read.
  private let received = SecretBuffer()
  /// How much of ``received`` has been read.
  private var readCount = 0
  /// Bytes that have come in all.
  private var receivedCount = 0
  /// Whether the other end says no more.
  private(set) var hasEnded = false
  /// Whether the other end listens no more. That it does not is no error in itself: what it said
  /// before is worth more than the error would be.
  private var isDeaf = false

  /// Makes a channel; the descriptors are borrowed.
  init(input: FileDescriptor, output: FileDescriptor, limits: PluginLimits, peer: String) {
    self.input = input
    self.output = output
    self.limits = limits
    self.peer = peer
  }

  /// The other end broke the rules, or failed to do its part.
  func failure(_ problem: String) -> CryptoError { CryptoError(.plugin, "\(peer) \(problem)") }

  // MARK: Sending

  /// Sends a message.
  func send(
    _ command: String, _ arguments: [String] = [], secretArgument: SecretBytes? = nil,
    body: RawSpan = RawSpan()
  ) throws(CryptoError) {
    let message = SecretBuffer()
    message.append("->")
    for word in [command] + arguments { message.append(" \(word)") }
    if let secretArgument {
      message.append(" ")
      secretArgument.withUnsafeBytes { message.append($0) }
    }
    message.append("\n")
    Self.encode(body, into: message)
    try write(message.bytes)
  }

  func send(_ command: String, body: SecretBytes) throws(CryptoError) {
    try body.withBytes { (body) throws(CryptoError) in try send(command, body: body) }
  }

  /// Appends the lines of a body. Only what is overwritten later holds a part of it meanwhile.
  private static func encode(_ body: RawSpan, into message: SecretBuffer) {
    var line: [UInt8] = []
    line.reserveCapacity(Stanza.columns + 1)
    var start = 0
    repeat {
      let piece = body.extracting(start..<min(start + Stanza.bytesPerLine, body.byteCount))
      line.removeAll(keepingCapacity: true)
      piece.withUnsafeBytes { Base64.append($0, to: &line) }
      line.append(UInt8(ascii: "\n"))
      line.withUnsafeMutableBytes {
        message.append(UnsafeRawBufferPointer($0))
        OPENSSL_cleanse($0.baseAddress, $0.count)
      }
      start += Stanza.bytesPerLine
    } while start <= body.byteCount
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    var rest = bytes
    // One that says no more has no use for an answer either.
    while !rest.isEmpty, !isDeaf, !hasEnded {
      try waitUntilWritable()
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceSize))
      do throws(Errno) {
        let count = try withoutBrokenPipeSignal { () throws(Errno) in
          try retryOnInterrupt { writeBytes(output.rawValue, piece) }
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } catch {
        switch error {
        case .brokenPipe: isDeaf = true
        case .wouldBlock: break
        default: throw .io(.systemCall("write to", "a pipe", error))
        }
      }
    }
  }

  /// What a pipe that is ready takes without blocking, also where the descriptor would block
  /// (POSIX, `PIPE_BUF`).
  private static let pieceSize = 512

  // MARK: Receiving

  /// The next message.
  func receive() throws(CryptoError) -> PluginMessage {
    var room = limits.messageByteCount
    let first = try nextLine(&room)
    let words: [Range<Int>]
    do throws(Stanza.LineError) {
      words = try first.withBytes { (line) throws(Stanza.LineError) in
        guard line.byteCount >= 2, line[0] == UInt8(ascii: "-"), line[1] == UInt8(ascii: ">")
        else { throw Stanza.LineError(problem: "a line that begins no stanza") }
        return try Stanza.words(in: line)
      }
    } catch {
      throw failure("broke the rules of the conversation with \(error.problem)")
    }
    let body = SecretBuffer()
    while true {
      let line = try nextLine(&room)
      guard line.count <= Stanza.columns, Self.decode(line, into: body) else {
        throw failure("broke the rules of the conversation with a bad line of a stanza's body")
      }
      if line.count < Stanza.columns {
        let body = SecretBytes(copying: body.bytes.bytes)
        return PluginMessage(line: first, words: words, body: body)
      }
    }
  }

  /// Appends what a line of a body holds. Only what is overwritten later holds it meanwhile.
  private static func decode(_ line: SecretBytes, into body: SecretBuffer) -> Bool {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Stanza.bytesPerLine)
    let isSound = line.withBytes { Base64.decode($0, appendingTo: &bytes) }
    bytes.withUnsafeMutableBytes {
      body.append(UnsafeRawBufferPointer($0))
      OPENSSL_cleanse($0.baseAddress, $0.count)
    }
    return isSound
  }

  /// The next line without its line feed; takes its bytes from `room`.
  private func nextLine(_ room: inout Int) throws(CryptoError) -> SecretBytes {
    var searched = 0
    while true {
      let unread = UnsafeRawBufferPointer(rebasing: received.bytes[readCount...])
      if let end = unread[searched...].firstIndex(of: UInt8(ascii: "\n")), end < room {
        let line = SecretBytes(copying: UnsafeRawBufferPointer(rebasing: unread[..<end]).bytes)
        room -= end + 1
        consume(end + 1)
        return line
      }
      searched = unread.count
      guard searched < room else {
        throw failure("sent a message of more than \(limits.messageByteCount) bytes")
      }
      guard !hasEnded else { throw failure("ended before it was done") }
      _ = try wait(forWriting: false)
      try readMore()
    }
  }

  /// Takes bytes away; moves the rest only once that is the smaller part.
  private func consume(_ count: Int) {
    readCount += count
    if 2 * readCount >= received.count {
      received.removeFirst(readCount)
      readCount = 0
    }
  }

  /// Reads once, if something is there.
  private func readMore() throws(CryptoError) {
    var count = 0
    var reason: Errno?
    received.fill(upTo: 4096) { room in
      count = readBytes(input.rawValue, room)
      if count < 0 { reason = Errno(rawValue: errno) }
      return max(count, 0)
    }
    if let reason {
      if reason == .wouldBlock || reason == .interrupted { return }
      throw .io(.systemCall("read from", "a pipe", reason))
    }
    hasEnded = count == 0
    receivedCount += count
    guard receivedCount <= limits.byteCount else {
      throw failure("said more than \(limits.byteCount) bytes")
    }
  }

  // MARK: Waiting

  /// Waits until the other end takes something, and takes in meanwhile what it says.
  private func waitUntilWritable() throws(CryptoError) {
    while true {
      let ready = try wait(forWriting: true)
      if ready.reading { try readMore() }
      if ready.writing || hasEnded { return }
    }
  }

  /// Waits until there is something to read, an end included, or, if asked, room to write.
  private func wait(
    forWriting: Bool
  ) throws(CryptoError) -> (reading: Bool, writing: Bool) {
    let deadline = limits.silence.map { ContinuousClock.now + $0 }
    while true {
      var timeout: Int32 = -1
      if let deadline {
        let rest = deadline - ContinuousClock.now
        guard rest > .zero else {
          throw failure("did nothing for \(limits.silence ?? .zero): it may wait for something")
        }
        timeout = Int32(min(rest / .milliseconds(1), 1e9).rounded(.up))
      }
      // A negative descriptor is passed over.
      var files = [
        pollfd(fd: hasEnded ? -1 : input.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: forWriting ? output.rawValue : -1, events: Int16(POLLOUT), revents: 0),
      ]
      let count = poll(&files, 2, timeout)
      if count > 0 { return (files[0].revents != 0, files[1].revents != 0) }
      let reason = Errno(rawValue: errno)
      if count < 0, reason != .interrupted {
        throw .io(.systemCall("wait for", "a pipe", reason))
      }
    }
  }
}

// Apart, since methods shadow the C functions.

private func readBytes(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(file, buffer.baseAddress, buffer.count)
}

private func writeBytes(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(file, bytes.baseAddress, bytes.count)
}
