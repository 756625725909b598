import CairnCore
import Synchronization

/// A walk on a thread of its own, some hundred entries ahead of who takes them: half the time of a
/// backup in which nothing changed is the system's, looking at files.
///
/// One thread uses it.
final class WalkAhead {
  /// - Sendable: the pool has one thread, so one job at a time uses the walk.
  private final class Walker: @unchecked Sendable {
    private var walk: SortedWalk
    private let keyLimit: Int
    private let directoriesOfBatch: Int

    init(_ walk: consuming SortedWalk, keyLimit: Int, directoriesOfBatch: Int) {
      self.walk = walk
      self.keyLimit = keyLimit
      self.directoriesOfBatch = directoriesOfBatch
    }

    func walkOn() -> WalkBatch {
      var batch = WalkBatch()
      while batch.items.count < WalkAhead.entriesOfBatch, batch.directories < directoriesOfBatch {
        switch walk.next() {
        case nil:
          batch.isLast = true
          return batch
        case .problem(let error):
          batch.append(error, of: walk, keyLimit: keyLimit)
        case .entry:
          batch.appendEntry(of: walk, keyLimit: keyLimit)
          // Keys below it are longer still.
          if walk.key.byteCount > keyLimit { walk.skipContent() }
        }
      }
      return batch
    }
  }

  private let walker: Walker
  private let handles: HandleCounter
  private var jobs: OrderedJobs<WalkBatch>
  private var isAtEnd = false

  /// So many that handing them over costs next to nothing, and so few that they take little memory.
  private static let entriesOfBatch = 256
  private static let depth = 3

  /// - Parameters:
  ///   - keyLimit: of a key that is longer only this many bytes are handed out, and what is below
  ///     it is left out.
  ///   - openDirectories: about how many directories may be open for what was found ahead.
  init(_ walk: consuming SortedWalk, keyLimit: Int, openDirectories: Int) {
    handles = walk.counter
    walker = Walker(
      walk, keyLimit: keyLimit, directoriesOfBatch: max(1, openDirectories / (Self.depth + 2)))
    jobs = OrderedJobs(on: ThreadPool(limit: 1), depth: Self.depth)
  }

  /// What was found next, in order; `nil` at the end.
  func next() -> WalkBatch? {
    guard !isAtEnd else { return nil }
    let walker = walker
    while !jobs.isFull { jobs.submit { walker.walkOn() } }
    guard let batch = jobs.next() else { return nil }
    isAtEnd = batch.isLast
    return batch
  }

  /// Waits until the thread does nothing more; ``next()`` gives nothing from then on.
  func stop() {
    isAtEnd = true
    while jobs.next() != nil {}
  }

  /// The directories that are open, by the walk and by what was found and is still held.
  var openDirectoryCount: Int { handles.value.load(ordering: .relaxed) }
}
