import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// SIGUSR1: whoever runs an import asks it to make a checkpoint behind the command at hand.
public enum CheckpointSignal {
  private static let isPending = Atomic(false)

  /// Has the signal ask for a checkpoint from now on; before, it ends the process.
  public static func install() {
    // Whatever is made at the first use must be there before the handler runs.
    isPending.store(false, ordering: .relaxed)
    signal(SIGUSR1) { _ in CheckpointSignal.isPending.store(true, ordering: .relaxed) }
  }

  /// Whether a checkpoint was asked for since this was asked last.
  static func take() -> Bool {
    // Seldom true, and a load costs less than an exchange.
    isPending.load(ordering: .relaxed) && isPending.exchange(false, ordering: .relaxed)
  }
}
