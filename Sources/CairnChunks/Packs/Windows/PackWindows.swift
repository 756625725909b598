import CairnCore
import CairnCrypto
import Synchronization

/// The segments of packs that were read lately, or are going to be, for all readers of a repository:
/// what several of them need is fetched and opened once.
///
/// Segments are fetched and kept some at a time, as a ``PackWindow``; no segment is in two. Who needs
/// one that is on its way waits for it. An error reaches all who wait, and is forgotten. What was not
/// used for longest is let go of; what is read ahead stays until its ``ReadAhead`` ends.
///
/// Memory: ``Limits/kept`` segments, and ``Limits/ahead`` while something is read ahead, besides what
/// readers are copying from.
///
/// Any thread may call, but not one of the cooperative pool.
final class PackWindows: Sendable {
  /// How many segments, of 64 KiB each, are kept.
  struct Limits {
    /// 8 MiB: files that share content with others jump about in packs, and come back soon.
    var kept = 128
    /// 24 MiB: at 50 ms for each request, as much as is read meanwhile, several times.
    var ahead = 384
    /// Of one request that goes ahead: 512 KiB.
    var window = 8
    /// Of one request of who reads in order from a target that answers at once.
    var localWindow = 4
  }

  private struct Place: Hashable {
    let pack: Digest
    let segment: Int
  }

  private struct Kept {
    let window: PackWindow
    var lastUse: UInt64
    /// How many hold it who read ahead.
    var holders = 0
    /// What fetches it, if it is read ahead and on its way.
    var task: Task<Void, Never>?
    var isComing = true
  }

  private typealias KeyTask = Task<Result<PayloadKey, ChunkStoreError>, Never>

  private struct State {
    var kept: [UInt64: Kept] = [:]
    /// The windows of segments, by number.
    var numbers: [Place: UInt64] = [:]
    var keptSegments = 0
    var heldSegments = 0
    /// The keys of packs that are on their way.
    var keys: [Digest: KeyTask] = [:]
    var clock: UInt64 = 0
  }

  private let target: any Target
  private let keys: PackKeys
  private let limits: Limits
  private let state = Mutex(State())

  init(_ target: any Target, _ keys: PackKeys, _ limits: Limits = Limits()) {
    // What is read ahead here need not be so once more.
    self.target = (target as? ReadAheadTarget)?.base ?? target
    self.keys = keys
    self.limits = limits
  }

  /// Whether it is of use to read ahead.
  var isFar: Bool { !(target is any LocalTarget) }

  /// Whether so much is read ahead that it is time to make use of it.
  var isFull: Bool { state.withLock { $0.heldSegments >= limits.ahead / 2 } }

  /// The segments that are kept or on their way, and those of them that are held.
  var counts: (kept: Int, held: Int) { state.withLock { ($0.keptSegments, $0.heldSegments) } }

  // MARK: Reading

  /// Opened segments among which is `segment`, fetched if need be with those behind it up to `last`,
  /// or with more where a pack is read in order.
  func segments(
    of pack: PackInfo, from segment: Int, through last: Int
  ) throws(ChunkStoreError) -> OpenedSegments {
    guard segment < pack.segmentCount else { throw .damaged(pack.blob, "it ends too early") }
    while true {
      let (window, isNew) = find(pack, segment, last)
      if isNew { return try fill(window, of: pack) }
      switch window.wait() {
      case .opened(let opened) where opened.segments.contains(segment): return opened
      case .failed(let error) where !window.isAhead: throw error
      // It is not there any more: it ended before this segment, or was asked for by somebody who may
      // have been cancelled.
      case .opened, .failed: continue
      }
    }
  }

  private func find(
    _ pack: PackInfo, _ segment: Int, _ last: Int
  ) -> (PackWindow, isNew: Bool) {
    state.withLock { state in
      state.clock += 1
      if let number = state.numbers[Place(pack: pack.digest, segment: segment)] {
        state.kept[number]!.lastUse = state.clock
        return (state.kept[number]!.window, false)
      }
      let reach = segment + (isFar ? limits.window : limits.localWindow)
      // Going on where a window ended is a sign of reading in order.
      let isInOrder = state.numbers[Place(pack: pack.digest, segment: segment - 1)] != nil
      var end = segment + 1
      let wanted = min(isInOrder ? reach : min(last + 1, reach), pack.segmentCount)
      while end < wanted, state.numbers[Place(pack: pack.digest, segment: end)] == nil { end += 1 }
      let window = PackWindow(state.clock, of: pack.digest, segment..<end, isAhead: false)
      // Where there is no room, it is for this reader alone.
      if makeRoom(for: window, &state) { insert(window, &state) }
      return (window, true)
    }
  }

  private func fill(
    _ window: PackWindow, of pack: PackInfo
  ) throws(ChunkStoreError) -> OpenedSegments {
    do throws(ChunkStoreError) {
      let key = try keys.key(of: pack)
      let sealed = try target.getBlocking(pack.blob, range: pack.sealedRange(window.segments))
      let opened = try OpenedSegments(window.segments, of: pack, sealed, with: key)
      finish(window, .opened(opened))
      return opened
    } catch {
      finish(window, .failed(error))
      throw error
    }
  }

  /// Before those who wait learn of it, what did not come is forgotten.
  private func finish(_ window: PackWindow, _ outcome: PackWindow.Outcome) {
    state.withLock { state in
      guard state.kept[window.number] != nil else { return }
      state.kept[window.number]!.isComing = false
      state.kept[window.number]!.task = nil
      switch outcome {
      case .failed: remove(window, &state)
      case .opened(let opened):
        for segment in opened.segments.upperBound..<window.segments.upperBound {
          state.numbers[Place(pack: window.pack, segment: segment)] = nil
        }
      }
    }
    window.finish(outcome)
  }

  // MARK: Keeping

  private func insert(_ window: PackWindow, _ state: inout State) {
    state.kept[window.number] = Kept(window: window, lastUse: state.clock)
    state.keptSegments += window.segments.count
    for segment in window.segments {
      state.numbers[Place(pack: window.pack, segment: segment)] = window.number
    }
  }

  private func remove(_ window: PackWindow, _ state: inout State) {
    guard let kept = state.kept.removeValue(forKey: window.number) else { return }
    state.keptSegments -= window.segments.count
    if kept.holders > 0 { state.heldSegments -= window.segments.count }
    for segment in window.segments {
      let place = Place(pack: window.pack, segment: segment)
      if state.numbers[place] == window.number { state.numbers[place] = nil }
    }
  }

  /// Lets go of windows until one more fits.
  ///
  /// - Returns: whether it does: what is held or on its way cannot be let go of.
  private func makeRoom(for window: PackWindow, _ state: inout State) -> Bool {
    let limit = state.heldSegments > 0 || window.isAhead ? limits.ahead : limits.kept
    return shrink(to: limit - window.segments.count, &state)
  }

  private func shrink(to limit: Int, _ state: inout State) -> Bool {
    while state.keptSegments > limit {
      let oldest = state.kept.values.lazy.filter { $0.holders == 0 && !$0.isComing }
        .min { $0.lastUse < $1.lastUse }
      guard let oldest else { return false }
      remove(oldest.window, &state)
    }
    return true
  }

  // MARK: Reading ahead

  /// Asks for segments that are going to be read, as far as there is room; returns at once.
  ///
  /// - Returns: what keeps them; `nil` where nothing is kept or fetched for it.
  func readAhead(_ wanted: some Sequence<(PackInfo, Range<Int>)>) -> ReadAhead? {
    guard isFar else { return nil }
    let numbers: Set<UInt64> = state.withLock { state in
      var numbers: Set<UInt64> = []
      for (pack, segments) in wanted {
        for segment in segments where segment < pack.segmentCount {
          guard let number = number(of: segment, in: pack, &state) else { break }
          if numbers.insert(number).inserted { hold(number, &state) }
        }
      }
      return numbers
    }
    return numbers.isEmpty ? nil : ReadAhead(of: numbers, in: self)
  }

  /// The window of a segment, asked for if there is none; `nil` if there is no room.
  private func number(of segment: Int, in pack: PackInfo, _ state: inout State) -> UInt64? {
    state.clock += 1
    if let number = state.numbers[Place(pack: pack.digest, segment: segment)] {
      let kept = state.kept[number]!
      guard kept.holders > 0 || hasRoom(for: kept.window, state) else { return nil }
      return number
    }
    // Its neighbours come with it: they are likely to be wanted too.
    let first = segment / limits.window * limits.window
    let last = min(first + limits.window, pack.segmentCount) - 1
    func isMissing(_ segment: Int) -> Bool {
      state.numbers[Place(pack: pack.digest, segment: segment)] == nil
    }
    var (start, end) = (segment, segment)
    while start > first, isMissing(start - 1) { start -= 1 }
    while end < last, isMissing(end + 1) { end += 1 }
    let window = PackWindow(state.clock, of: pack.digest, start..<end + 1, isAhead: true)
    guard hasRoom(for: window, state), makeRoom(for: window, &state) else { return nil }
    insert(window, &state)
    state.kept[window.number]!.task = fetch(window, of: pack, with: keyTask(of: pack, &state))
    return window.number
  }

  /// Whether a window may be held: an eighth is left to who reads something else.
  private func hasRoom(for window: PackWindow, _ state: State) -> Bool {
    state.heldSegments + window.segments.count <= limits.ahead - limits.ahead / 8
  }

  private func hold(_ number: UInt64, _ state: inout State) {
    state.kept[number]!.lastUse = state.clock
    state.kept[number]!.holders += 1
    if state.kept[number]!.holders == 1 {
      state.heldSegments += state.kept[number]!.window.segments.count
    }
  }

  /// Ends a reading ahead; what was fetched for it alone, and has not come, is not waited for.
  fileprivate func release(_ numbers: Set<UInt64>) {
    state.withLock { state in
      for number in numbers {
        guard var kept = state.kept[number] else { continue }
        kept.holders -= 1
        state.kept[number] = kept
        guard kept.holders == 0 else { continue }
        state.heldSegments -= kept.window.segments.count
        if let task = kept.task {
          remove(kept.window, &state)
          task.cancel()
        }
      }
      if state.heldSegments == 0 { _ = shrink(to: limits.kept, &state) }
    }
  }

  private func fetch(
    _ window: PackWindow, of pack: PackInfo, with key: KeyTask
  ) -> Task<Void, Never> {
    Task.detached { [self] in
      do throws(ChunkStoreError) {
        let range = pack.sealedRange(window.segments)
        let sealed = try await target.get(pack.blob, range: range)
        let key = try await key.value.get()
        finish(
          window, .opened(try OpenedSegments(window.segments, of: pack, sealed, with: key)))
      } catch {
        finish(window, .failed(error))
      }
    }
  }

  /// The key of a pack, which all its windows wait for.
  private func keyTask(of pack: PackInfo, _ state: inout State) -> KeyTask {
    if let known = keys.known(of: pack) { return KeyTask { .success(known) } }
    if let task = state.keys[pack.digest] { return task }
    let task = KeyTask.detached { [self] in
      let result: Result<PayloadKey, ChunkStoreError>
      do throws(ChunkStoreError) {
        // Identities may ask a program, or a person.
        result = .success(
          try await ThreadPool.engines.run { [keys] () throws(ChunkStoreError) -> PayloadKey in
            try keys.key(of: pack)
          })
      } catch {
        result = .failure(error)
      }
      self.state.withLock { $0.keys[pack.digest] = nil }
      return result
    }
    state.keys[pack.digest] = task
    return task
  }
}

/// Parts of packs that somebody is going to read: they are on their way, and kept until this is
/// released.
package final class ReadAhead: Sendable {
  private let numbers: Set<UInt64>
  private let windows: PackWindows

  fileprivate init(of numbers: Set<UInt64>, in windows: PackWindows) {
    self.numbers = numbers
    self.windows = windows
  }

  deinit { windows.release(numbers) }
}
