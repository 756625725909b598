#if SFTP
  import CairnCore

  /// Makes a connection when one is needed and there is none.
  final class Connector: Sendable {
    private enum State {
      case none
      case connecting(attempt: Int)
      case connected(Connection)
      case closed
    }
    private struct Attempts {
      var state = State.none
      var count = 0
      /// What the last attempt ended in, if it failed.
      var failure: SFTPFailure?
    }

    /// What messages call the server.
    let name: String
    private let options: SFTPOptions
    private let sendsInOrder: Bool
    private let start: @Sendable () throws(SFTPFailure) -> Peer
    private let attempts = Monitor(Attempts())

    init(
      _ name: String, _ options: SFTPOptions, sendsInOrder: Bool,
      _ start: @escaping @Sendable () throws(SFTPFailure) -> Peer
    ) {
      self.name = name
      self.options = options
      self.sendsInOrder = sendsInOrder
      self.start = start
    }

    /// The connection, made if need be. Who comes while it is being made shares its outcome. Blocks.
    func connection() throws(SFTPFailure) -> Connection {
      enum Step {
        case use(Connection)
        case fail(SFTPFailure)
        case make
      }
      var awaited: Int?
      let step: Step = attempts.wait { attempts in
        switch attempts.state {
        case .connected(let connection) where connection.channel.isOpen: return .use(connection)
        case .connecting(let attempt):
          awaited = attempt
          return nil
        case .closed: return .fail(Self.closed)
        case .none, .connected:
          if let failure = attempts.failure, awaited == attempts.count { return .fail(failure) }
          attempts.count += 1
          attempts.state = .connecting(attempt: attempts.count)
          return .make
        }
      }
      switch step {
      case .use(let connection): return connection
      case .fail(let failure): throw failure
      case .make: return try make()
      }
    }

    private func make() throws(SFTPFailure) -> Connection {
      do throws(SFTPFailure) {
        let channel = Channel(try start(), patience: options.patience)
        do throws(SFTPFailure) {
          let connection = try Connection(
            channel, windowSize: max(256 << 10, options.windowSize), sendsInOrder: sendsInOrder)
          settle(.connected(connection), nil)
          return connection
        } catch {
          channel.close()
          throw error
        }
      } catch {
        settle(.none, error)
        throw error
      }
    }

    private func settle(_ state: State, _ failure: SFTPFailure?) {
      attempts.change { attempts in
        attempts.failure = failure
        if case .closed = attempts.state {
          if case .connected(let connection) = state { connection.channel.close() }
        } else {
          attempts.state = state
        }
      }
    }

    func close() {
      attempts.change { attempts in
        if case .connected(let connection) = attempts.state { connection.channel.close() }
        attempts.state = .closed
      }
    }

    private static let closed = SFTPFailure(
      reason: .connection, message: "it was closed", isTemporary: false)
  }
#endif
