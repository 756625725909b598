#if SFTP
  import CairnCore
  import Synchronization
  import SystemPackage

  extension Channel {
    /// No message may be longer; servers' are at most a quarter of it.
    static let longestMessage = 1 << 20
    /// How long a peer may take to end after its pipes are closed.
    private static let lastPatience = Duration.seconds(2)

    /// Why no more is received.
    private enum Ending {
      case ended
      case unwanted
      case silent
      case broken(SFTPFailure)
    }

    /// Receives until the peer ends or is ended. Runs on a thread of its own.
    func receive() {
      var input = MessageBuffer()
      var words = Words(from: peer.messages)
      let ending = receive(&input, &words)
      state.withLock { $0.isOver = true }
      var exit: String?
      // Whoever writes notices within a tick.
      writing.withLock { _ in
        if case .silent = ending {
          exit = peer.end(.zero)
        } else {
          exit = peer.end(Self.lastPatience)
        }
      }
      words.readRest()
      words.close()
      let failure = failure(for: ending, input, words.text, exit: exit)
      let waiting = state.withLock { state in
        state.failure = failure
        defer {
          state.pending = [:]
          state.version = nil
        }
        return Array(state.pending.values) + (state.version.map { [$0] } ?? [])
      }
      for reply in waiting { reply.fulfil(.failure(failure)) }
    }

    private func receive(_ input: inout MessageBuffer, _ words: inout Words) -> Ending {
      while true {
        Libc.waitForInput([peer.output, words.file], milliseconds: Self.tick)
        words.read()
        switch input.fill(from: peer.output) {
        case .bytes:
          do throws(SFTPFailure) {
            while let (kind, body) = try input.next(limit: Self.longestMessage) {
              try deliver(kind, body)
            }
          } catch {
            return .broken(error)
          }
          state.withLock { $0.lastSign = .now }
        case .nothing: break
        case .end: return .ended
        }
        let patience = patience
        let ending: Ending? = state.withLock { state in
          if state.isUnwanted { return .unwanted }
          if state.isDeaf { return .ended }
          let isSilent = state.owesAnswer && ContinuousClock.now - state.lastSign > patience
          return isSilent ? .silent : nil
        }
        if let ending { return ending }
      }
    }

    /// Hands a message to who waits for it.
    private func deliver(_ kind: UInt8, _ body: ArraySlice<UInt8>) throws(SFTPFailure) {
      let (isEstablished, version) = state.withLock { ($0.isEstablished, $0.version) }
      guard isEstablished else {
        guard let version, kind == Message.version else {
          throw .malformed("a message of kind \(kind) before it named its version")
        }
        state.withLock { state in
          state.isEstablished = true
          state.version = nil
        }
        return version.fulfil(.success(Reply(kind: kind, body: body)))
      }
      var reader = PacketReader(body)
      let id = try reader.readInteger(UInt32.self)
      guard let reply = state.withLock({ $0.pending.removeValue(forKey: id) }) else {
        throw .malformed("an answer to a request that is not under way")
      }
      reply.fulfil(.success(Reply(kind: kind, body: body.dropFirst(4))))
    }

    private func failure(
      for ending: Ending, _ input: borrowing MessageBuffer, _ words: String, exit: String?
    ) -> SFTPFailure {
      let isEstablished = state.withLock { $0.isEstablished }
      let said = printable(words, limit: 1000)
      let quote = said.isEmpty ? "" : "; it said: \(said)"
      let message: String
      let isTemporary: Bool
      switch ending {
      case .ended:
        let exit = exit.map { " (\($0))" } ?? ""
        let advice = SFTPFailure.advice(on: words).map { "; \($0)" } ?? ""
        message =
          isEstablished
          ? "the connection was lost\(exit)\(quote)"
          : "the connection cannot be made\(exit)\(quote)\(advice)"
        isTemporary = isEstablished || SFTPFailure.saysTemporary(words)
      case .unwanted:
        message = "the connection was closed\(quote)"
        isTemporary = true
      case .silent:
        message = "the server kept silent for \(patience)\(quote)"
        isTemporary = true
      case .broken(let failure):
        guard isEstablished else {
          let start = printable(String(decoding: input.start, as: UTF8.self), limit: 100)
          message =
            "the server begins with \"\(start)\" instead of SFTP; see that what is run at login "
            + "there prints nothing\(quote)"
          isTemporary = false
          break
        }
        message = failure.message + quote
        isTemporary = false
      }
      let reason: SFTPFailure.Reason
      if case .broken = ending { reason = .malformed } else { reason = .connection }
      return SFTPFailure(reason: reason, message: message, isTemporary: isTemporary)
    }
  }

  /// Bytes that were received, and the messages in them.
  struct MessageBuffer: ~Copyable {
    enum Filling { case bytes, nothing, end }

    /// Room for one message of the longest that servers send, and for the parts of others.
    private static let firstSize = 512 << 10
    /// Less free space is not worth a call.
    private static let leastSpace = 64 << 10

    private var bytes = [UInt8](repeating: 0, count: Self.firstSize)
    private var first = 0
    private var last = 0

    /// The first bytes that are held.
    var start: ArraySlice<UInt8> { bytes[first..<min(last, first + 200)] }

    /// Reads what is there.
    mutating func fill(from file: FileDescriptor) -> Filling {
      if bytes.count - last < Self.leastSpace {
        bytes.replaceSubrange(0..<last - first, with: Array(bytes[first..<last]))
        last -= first
        first = 0
        // Longer than any message that was announced so far; bounded by the limit that is checked.
        if bytes.count - last < Self.leastSpace {
          bytes.append(contentsOf: repeatElement(0, count: bytes.count))
        }
      }
      let (from, room) = (last, bytes.count - last)
      do throws(Errno) {
        let count = try retryOnInterrupt {
          bytes.withUnsafeMutableBytes { Libc.read(file.rawValue, $0.baseAddress! + from, room) }
        }
        last += count
        return count == 0 ? .end : .bytes
      } catch .wouldBlock, .resourceTemporarilyUnavailable {
        return .nothing
      } catch {
        return .end
      }
    }

    /// Takes the next whole message, if it is there: its kind, and what follows.
    mutating func next(limit: Int) throws(SFTPFailure) -> (UInt8, ArraySlice<UInt8>)? {
      guard last - first >= 4 else { return nil }
      var reader = PacketReader(bytes[first..<first + 4])
      let length = Int(try reader.readInteger(UInt32.self))
      guard (5...limit).contains(length) else {
        throw .malformed("a message of \(length) bytes")
      }
      guard last - first - 4 >= length else { return nil }
      let body = Array(bytes[first + 5..<first + 4 + length])
      let kind = bytes[first + 4]
      first += 4 + length
      return (kind, body[...])
    }
  }

  /// The end of what a program says to people.
  struct Words {
    /// `nil` once it has ended: a pipe that nobody writes to any more is ready at any time, and who
    /// waited for it too would never wait.
    private(set) var file: FileDescriptor?
    private var bytes: [UInt8] = []
    private static let limit = 4096

    init(from file: FileDescriptor?) { self.file = file }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Reads a part of what is there.
    ///
    /// - Returns: Whether there was something.
    @discardableResult
    mutating func read() -> Bool {
      guard let file else { return false }
      var hasEnded = false
      let part = [UInt8](unsafeUninitializedCapacity: Self.limit) { buffer, count in
        let result = Libc.read(file.rawValue, buffer.baseAddress, Self.limit)
        hasEnded = result == 0
        count = max(0, result)
      }
      if hasEnded { close() }
      bytes = Array((bytes + part).suffix(Self.limit))
      return !part.isEmpty
    }

    /// Reads what a program that has ended left; of one that left others behind, no more than enough.
    mutating func readRest() {
      for _ in 0..<16 where !read() { return }
    }

    mutating func close() {
      try? file?.close()
      file = nil
    }
  }
#endif
