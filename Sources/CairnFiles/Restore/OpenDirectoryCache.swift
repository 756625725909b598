import Synchronization

/// Keeps the directories open that were opened last.
///
/// Their users refer to the handles weakly: a handle is closed when the cache has dropped it and
/// nobody uses it, and its directory is opened again when it is needed again.
final class OpenDirectoryCache: Sendable {
  private struct Slots {
    var handles: [DirectoryHandle?]
    /// The slot whose handle has been there for longest.
    var oldest = 0
  }

  private let slots: Mutex<Slots>

  init(capacity: Int) {
    slots = Mutex(Slots(handles: Array(repeating: nil, count: max(capacity, 1))))
  }

  /// Adds a handle and drops the oldest.
  ///
  /// - Returns: the slot, for ``remove(_:from:)``.
  func insert(_ handle: DirectoryHandle) -> Int {
    // The dropped handle leaves the lock with the result: closing may take long.
    let (slot, _) = slots.withLock { slots in
      let slot = slots.oldest
      let dropped = slots.handles[slot]
      slots.handles[slot] = handle
      slots.oldest = (slot + 1) % slots.handles.count
      return (slot, dropped)
    }
    return slot
  }

  /// Drops a handle that is not needed any more, if it is still there.
  func remove(_ handle: DirectoryHandle, from slot: Int) {
    slots.withLock { slots in
      if slots.handles[slot] === handle { slots.handles[slot] = nil }
    }
  }
}
