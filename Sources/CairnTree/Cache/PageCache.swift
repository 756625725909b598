import CairnCore
import Synchronization

/// A page that is held in memory until it is unpinned.
struct PinnedPage: @unchecked Sendable {
  // Sendable: the memory stays for as long as the page is pinned; see `PageCache` for who may write.
  let base: UnsafeMutableRawPointer
  /// Where in the cache it is, or -1 for memory of its own.
  let slot: Int

  @inline(__always) var page: Page { Page(base) }
}

/// The pages in memory: at most as many as the budget allows, and those few that are pinned while
/// all their neighbours are.
///
/// The cache is set-associative: page n can be in the eight slots of set `n mod sets`. A slot's
/// state is one atomic word, so a page that is there is pinned and unpinned with one instruction
/// each, without a lock. What changes which page a slot holds is done under one of 64 locks, chosen
/// by the set, reading and writing of the storage included. The states of a set lie side by side, in
/// one line of the processor's cache; the pages do not: first come those in the first slots of all
/// sets, so that pages with neighbouring numbers are neighbours, and few pages take little memory.
///
/// A page is written in memory only by the writer, while no reader can know its number; afterwards
/// it never changes again. A dirty page is written to the storage when its slot is needed, by
/// whoever needs it, or by `flush`.
final class PageCache: @unchecked Sendable {
  // Sendable: all that changes are the atomic states and counters, and frames: see above. A thread
  // sees what is in a frame because it acquires the state that was released behind the change.
  let storage: any PageStorage
  let pageSize: Int
  private let setCount: UInt64
  private let setFactor: UInt64
  private let states: UnsafeMutablePointer<Atomic<UInt64>>
  private let frames: PageFrames
  private let shards = (0..<64).map { _ in Shard() }
  let counters: CacheCounters
  /// Why a dirty page could not be written when there was nobody to tell.
  let failure = Mutex<TreeError?>(nil)

  private final class Shard: Sendable {
    let lock = Mutex<UInt>(0)
  }

  static let waysPerSet = 8
  static let minimumSlots = 64

  private enum State {
    static let pins: UInt64 = 0xFF_FFFF
    static let valid: UInt64 = 1 << 24
    static let referenced: UInt64 = 1 << 25
    static let dirty: UInt64 = 1 << 26

    @inline(__always)
    static func holds(_ state: UInt64, _ number: UInt32) -> Bool {
      state >> 32 == UInt64(number) && state & valid != 0
    }
  }

  /// - Parameter budget: the bytes of all pages in memory.
  /// - Throws: ``TreeError``: `.invalid` if the system does not have so much.
  init(
    _ storage: any PageStorage, pageSize: Int, budget: Int,
    counters: CacheCounters = CacheCounters()
  ) throws(TreeError) {
    self.storage = storage
    self.counters = counters
    self.pageSize = pageSize
    let slots = max(Self.minimumSlots, budget / pageSize)
    setCount = UInt64(slots / Self.waysPerSet)
    setFactor = UInt64.max / setCount &+ 1
    let count = Int(setCount) * Self.waysPerSet
    guard let frames = PageFrames(byteCount: count * pageSize) else {
      throw .invalid("there is no memory for a cache of \(count * pageSize) bytes; ask for less")
    }
    self.frames = frames
    states = UnsafeMutableRawPointer.allocate(byteCount: 8 * count, alignment: 64)
      .bindMemory(to: Atomic<UInt64>.self, capacity: count)
    for i in 0..<count { (states + i).initialize(to: Atomic(0)) }
  }

  deinit {
    let count = Int(setCount) * Self.waysPerSet
    states.deinitialize(count: count)
    states.deallocate()
  }

  /// `number mod setCount` by two multiplications (D. Lemire et al., "Faster remainder by direct
  /// computation").
  @inline(__always)
  private func firstSlot(_ number: UInt32) -> Int {
    let fraction = setFactor &* UInt64(number)
    return Int(fraction.multipliedFullWidth(by: setCount).high) * Self.waysPerSet
  }

  @inline(__always)
  private func frame(_ slot: Int) -> UnsafeMutableRawPointer {
    let (set, way) = (slot / Self.waysPerSet, slot % Self.waysPerSet)
    return frames.base + (way * Int(setCount) + set) * pageSize
  }

  private func withLock<Result, Failure: Error>(
    _ firstSlot: Int, _ body: () throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try shards[firstSlot / Self.waysPerSet & 63].lock.withLock { (_) throws(Failure) in
      try body()
    }
  }

  // MARK: Pinning

  /// Holds a page in memory, reading it if need be.
  ///
  /// - Throws: ``TreeError`` if it cannot be read, or is damaged.
  @inline(__always)
  func pin(_ number: UInt32) throws(TreeError) -> PinnedPage {
    let first = firstSlot(number)
    if let pinned = pinCached(number, first) { return pinned }
    return try load(number, first)
  }

  /// Holds a page in memory if it is there.
  func pinIfCached(_ number: UInt32) -> PinnedPage? { pinCached(number, firstSlot(number)) }

  @inline(__always)
  private func pinCached(_ number: UInt32, _ first: Int) -> PinnedPage? {
    for slot in first..<first + Self.waysPerSet {
      var state = states[slot].load(ordering: .relaxed)
      while State.holds(state, number) {
        let (isDone, current) = states[slot].weakCompareExchange(
          expected: state, desired: (state | State.referenced) + 1, ordering: .acquiring)
        if isDone {
          counters.addHit(first)
          return PinnedPage(base: frame(slot), slot: slot)
        }
        state = current
      }
    }
    return nil
  }

  @inline(__always)
  func unpin(_ page: PinnedPage) {
    if page.slot >= 0 {
      states[page.slot].wrappingSubtract(1, ordering: .releasing)
    } else {
      releaseStray(page)
    }
  }

  /// Says that a pinned page has changed in memory.
  @inline(__always)
  func markDirty(_ page: PinnedPage) {
    guard page.slot >= 0 else {
      page.base.storeBytes(of: 1, toByteOffset: pageSize, as: UInt8.self)
      return
    }
    if states[page.slot].load(ordering: .relaxed) & State.dirty == 0 {
      states[page.slot].bitwiseOr(State.dirty, ordering: .relaxed)
    }
  }

  @inline(never)
  private func load(_ number: UInt32, _ first: Int) throws(TreeError) -> PinnedPage {
    try withLock(first) { () throws(TreeError) in
      if let pinned = pinCached(number, first) { return pinned }
      counters.misses.wrappingAdd(1, ordering: .relaxed)
      guard let slot = try? claim(first) else {
        let stray = makeStray()
        do throws(TreeError) {
          try read(number, into: stray.base)
        } catch {
          stray.base.deallocate()
          throw error
        }
        return stray
      }
      try read(number, into: frame(slot))
      states[slot].store(
        UInt64(number) << 32 | State.valid | State.referenced | 1, ordering: .releasing)
      return PinnedPage(base: frame(slot), slot: slot)
    }
  }

  /// Memory for a page that nobody knows yet; the content is undefined, and it is dirty.
  func pinNew(_ number: UInt32) throws(TreeError) -> PinnedPage {
    let first = firstSlot(number)
    return try withLock(first) { () throws(TreeError) in
      // What the page held before it was free may still be there.
      forget(number, first)
      guard let slot = try claim(first) else {
        let stray = makeStray()
        markDirty(stray)
        return stray
      }
      states[slot].store(
        UInt64(number) << 32 | State.valid | State.referenced | State.dirty | 1,
        ordering: .releasing)
      return PinnedPage(base: frame(slot), slot: slot)
    }
  }

  /// Drops a page that is free, so that it is not written in vain.
  ///
  /// - Returns: false if it is pinned, and so is still there.
  @discardableResult
  func forget(_ number: UInt32) -> Bool {
    let first = firstSlot(number)
    return withLock(first) { forget(number, first) }
  }

  @discardableResult
  private func forget(_ number: UInt32, _ first: Int) -> Bool {
    for slot in first..<first + Self.waysPerSet {
      let state = states[slot].load(ordering: .acquiring)
      guard State.holds(state, number) else { continue }
      if state & State.pins != 0 { return false }
      states[slot].store(0, ordering: .relaxed)
    }
    return true
  }

  // MARK: Eviction

  /// Empties a slot of a set whose lock is held.
  ///
  /// - Returns: `nil` if all of the set is pinned.
  private func claim(_ first: Int) throws(TreeError) -> Int? {
    let slots = first..<first + Self.waysPerSet
    for slot in slots where states[slot].load(ordering: .acquiring) == 0 { return slot }
    // Not used since the last time round before used, and clean before dirty.
    for unwanted in [State.referenced | State.dirty, State.referenced, State.dirty, 0] {
      for slot in slots {
        let state = states[slot].load(ordering: .relaxed)
        guard state & (unwanted | State.pins) == 0 else { continue }
        let (isDone, _) = states[slot].compareExchange(
          expected: state, desired: 0, ordering: .acquiring)
        guard isDone else { continue }
        if state & State.dirty != 0 {
          do throws(TreeError) {
            try write(UInt32(state >> 32), frame(slot))
          } catch {
            states[slot].store(state, ordering: .releasing)
            throw error
          }
        }
        if unwanted & State.referenced == 0 {
          for other in slots { states[other].bitwiseAnd(~State.referenced, ordering: .relaxed) }
        }
        return slot
      }
    }
    return nil
  }

  /// Memory beside the cache, with one more byte that says whether it is dirty.
  private func makeStray() -> PinnedPage {
    let base = UnsafeMutableRawPointer.allocate(byteCount: pageSize + 1, alignment: 64)
    base.storeBytes(of: 0, toByteOffset: pageSize, as: UInt8.self)
    return PinnedPage(base: base, slot: -1)
  }

  @inline(never)
  private func releaseStray(_ page: PinnedPage) {
    if page.base.load(fromByteOffset: pageSize, as: UInt8.self) != 0 {
      do throws(TreeError) {
        try write(page.page.number, page.base)
      } catch {
        failure.withLock { $0 = error }
      }
    }
    page.base.deallocate()
  }

  // MARK: Storage

  private func read(_ number: UInt32, into base: UnsafeMutableRawPointer) throws(TreeError) {
    counters.pagesRead.wrappingAdd(1, ordering: .relaxed)
    let count: Int
    do throws(IOError) {
      count = try storage.readWhole(
        at: Int64(number) * Int64(pageSize),
        into: UnsafeMutableRawBufferPointer(start: base, count: pageSize))
    } catch {
      throw .storage("cannot read page \(number)", error, page: number)
    }
    guard count == pageSize else { throw .damaged(number, "the file ends before it does") }
    if let problem = PageCheck.problem(base, number, pageSize) { throw .damaged(number, problem) }
  }

  /// Writes a page that nobody else can see meanwhile.
  private func write(_ number: UInt32, _ base: UnsafeMutableRawPointer) throws(TreeError) {
    Page(base).set64(0, BlockChecksum.of(base, pageSize))
    counters.pagesWritten.wrappingAdd(1, ordering: .relaxed)
    do throws(IOError) {
      try storage.write(
        RawSpan(_unsafeStart: base, byteCount: pageSize),
        at: Int64(number) * Int64(pageSize))
    } catch {
      throw .storage("cannot write page \(number)", error, page: number)
    }
  }

  /// Pages that lie side by side are written together, up to this many bytes.
  private static let runSize = 1 << 20

  /// Writes all dirty pages in the order of their numbers.
  ///
  /// Called by the writer, between transactions.
  ///
  /// - Parameter isFree: says of a page that its content is not needed any more.
  func flush(except isFree: (UInt32) -> Bool) throws(TreeError) {
    if let error = failure.withLock({ $0 }) { throw error }
    var dirty: [(number: UInt32, slot: Int)] = []
    defer { for page in dirty { unpin(PinnedPage(base: frame(page.slot), slot: page.slot)) } }
    for first in stride(from: 0, to: Int(setCount) * Self.waysPerSet, by: Self.waysPerSet) {
      // Pages that are just being evicted by a reader are written when the lock is free again;
      // pinned ones are not evicted.
      let found = withLock(first) { pinDirty(first, isFree) }
      dirty += found
    }
    dirty.sort { $0.number < $1.number }
    let buffer = ByteBuffer(capacity: max(Self.runSize, pageSize))
    var start = 0
    while start < dirty.count {
      var end = start
      buffer.removeAll()
      while end < dirty.count, buffer.free.count >= pageSize,
        dirty[end].number == dirty[start].number + UInt32(end - start)
      {
        // A reader may be looking at the page itself.
        let copy = Page(buffer.base + buffer.count)
        buffer.append(
          UnsafeRawBufferPointer(start: frame(dirty[end].slot), count: pageSize))
        copy.set64(0, BlockChecksum.of(copy.base, pageSize))
        end += 1
      }
      do throws(IOError) {
        try storage.write(
          RawSpan(_unsafeBytes: buffer.bytes),
          at: Int64(dirty[start].number) * Int64(pageSize))
      } catch {
        throw .storage("cannot write pages", error, page: dirty[start].number)
      }
      counters.pagesWritten.wrappingAdd(UInt64(end - start), ordering: .relaxed)
      for page in dirty[start..<end] {
        states[page.slot].bitwiseAnd(~State.dirty, ordering: .relaxed)
      }
      start = end
    }
  }

  private func pinDirty(
    _ first: Int, _ isFree: (UInt32) -> Bool
  ) -> [(number: UInt32, slot: Int)] {
    var found: [(number: UInt32, slot: Int)] = []
    for slot in first..<first + Self.waysPerSet {
      let state = states[slot].load(ordering: .acquiring)
      guard state & (State.valid | State.dirty) == State.valid | State.dirty else { continue }
      let number = UInt32(state >> 32)
      if isFree(number) {
        if state & State.pins == 0 { states[slot].store(0, ordering: .relaxed) }
        continue
      }
      // Whoever unpins it meanwhile does no harm.
      states[slot].wrappingAdd(1, ordering: .acquiring)
      found.append((number, slot))
    }
    return found
  }
}

extension PageStorage {
  /// Fills a buffer as far as there is content.
  func readWhole(
    at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(IOError) -> Int {
    var span = OutputRawSpan(buffer: buffer, initializedCount: 0)
    do throws(IOError) {
      while !span.isFull {
        let count = try read(at: offset + Int64(span.byteCount), into: &span)
        if count == 0 { break }
      }
    } catch {
      _ = consume span
      throw error
    }
    return span.finalize(for: buffer)
  }
}
