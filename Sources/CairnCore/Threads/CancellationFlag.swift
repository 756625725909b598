import Synchronization

/// Says that an operation shall end.
package final class CancellationFlag: Sendable {
  private let flag = Atomic(false)

  package init() {}
  package func set() { flag.store(true, ordering: .relaxed) }
  package var isSet: Bool { flag.load(ordering: .relaxed) }
}
