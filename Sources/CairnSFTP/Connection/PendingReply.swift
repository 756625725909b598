#if SFTP
  import CairnCore

  /// The answer to a request that was sent, once it is there.
  final class PendingReply: Sendable {
    private let outcome = Monitor<Result<Reply, SFTPFailure>?>(nil)

    func fulfil(_ result: Result<Reply, SFTPFailure>) {
      outcome.change { $0 = $0 ?? result }
    }

    /// Blocks this thread, never one of the cooperative pool, until the answer is there.
    func wait() throws(SFTPFailure) -> Reply {
      try outcome.wait { $0 }.get()
    }
  }
#endif
