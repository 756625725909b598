import Synchronization
public import SystemPackage

/// An open directory, closed when the last reference goes.
///
/// Any thread may use ``descriptor`` for calls relative to the directory. None may read the
/// directory through it (its offset belongs to the walk) or close it.
public final class DirectoryHandle: Sendable {
  /// The open directory.
  public let descriptor: FileDescriptor
  private let counter: HandleCounter

  init(_ descriptor: FileDescriptor, counter: HandleCounter) {
    self.descriptor = descriptor
    self.counter = counter
    counter.value.wrappingAdd(1, ordering: .relaxed)
  }

  deinit {
    try? descriptor.close()
    counter.value.wrappingSubtract(1, ordering: .relaxed)
  }
}

/// How many handles that share this counter are open.
final class HandleCounter: Sendable {
  let value = Atomic(0)
}
