#if SFTP
  import CairnCore

  /// The bytes of requests and answers that may be under way at once over one connection: the bound
  /// of its memory.
  final class ByteWindow: Sendable {
    private struct State {
      var free: Int
      /// Threads that have nothing under way and wait for their first bytes.
      var waiting = 0
    }
    private let size: Int
    private let state: Monitor<State>

    init(_ size: Int) {
      self.size = size
      state = Monitor(State(free: size))
    }

    /// Takes bytes if they are free, leaving them to those who have nothing yet.
    func takeIfFree(_ count: Int) -> Bool {
      state.withLock { state in
        guard state.waiting == 0, state.free >= min(count, size) else { return false }
        state.free -= count
        return true
      }
    }

    /// Waits until bytes are free. Only for who holds none, so that nobody waits for one who waits.
    func take(_ count: Int) {
      state.withLock { $0.waiting += 1 }
      state.wait { [size] state -> Void? in
        guard state.free >= min(count, size) else { return nil }
        state.free -= count
        state.waiting -= 1
        return .some(())
      }
    }

    func giveBack(_ count: Int) {
      state.change { $0.free += count }
    }
  }
#endif
