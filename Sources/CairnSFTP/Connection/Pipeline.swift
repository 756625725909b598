#if SFTP
  import CairnCore

  /// The requests of one transfer that are under way, oldest first. Used by one thread.
  final class Pipeline {
    struct Part {
      let offset: Int64
      let count: Int
      let reply: PendingReply
    }
    private let window: ByteWindow
    private let sendsInOrder: Bool
    private var parts: [Part] = []
    private var head = 0

    init(_ connection: Connection) {
      window = connection.window
      sendsInOrder = connection.sendsInOrder
    }

    deinit {
      for part in parts[head...] { window.giveBack(part.count) }
    }

    private var isEmpty: Bool { head == parts.count }

    /// Takes room for a request. Where it says no, the oldest one has to be finished first.
    func takeRoom(_ count: Int) -> Bool {
      if isEmpty {
        window.take(count)
        return true
      }
      return !sendsInOrder && window.takeIfFree(count)
    }

    /// Notes a request for which there was room.
    func append(_ part: Part) { parts.append(part) }

    /// Waits for the oldest request and gives its room back.
    func next() throws(SFTPFailure) -> (Part, Reply)? {
      guard !isEmpty else { return nil }
      let part = parts[head]
      let reply = try part.reply.wait()
      head += 1
      window.giveBack(part.count)
      if isEmpty || head >= 64 {
        parts.removeFirst(head)
        head = 0
      }
      return (part, reply)
    }
  }
#endif
