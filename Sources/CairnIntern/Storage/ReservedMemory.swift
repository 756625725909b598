import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A range of addresses, of which the beginning is backed by memory that reads as zeroes.
///
/// What is in it never moves. Addresses without memory cost nothing but themselves.
@usableFromInline
struct ReservedMemory: ~Copyable {
  @usableFromInline let base: UnsafeMutableRawPointer
  /// The bytes of the range.
  @usableFromInline let reserved: Int
  /// The bytes that have memory, from the start.
  private(set) var committed: Int

  /// - Throws: `Errno` if the system has no such range to give.
  init(reserving count: Int) throws(Errno) {
    let rounded = Self.roundedUp(count)
    base = try Self.map(rounded, PROT_NONE)
    reserved = rounded
    committed = 0
    Self.preferLargePages(base, rounded)
  }

  /// A range that has memory throughout.
  init(committing count: Int) throws(Errno) {
    let rounded = Self.roundedUp(count)
    base = try Self.map(rounded, PROT_READ | PROT_WRITE)
    reserved = rounded
    committed = rounded
    Self.preferLargePages(base, rounded)
  }

  /// No memory at all.
  init() {
    base = UnsafeMutableRawPointer(mutating: GroupView.empty.base)
    reserved = 0
    committed = 0
  }

  // Inlinable, since code that is inlined elsewhere may replace an arena, and so end its memory.
  @inlinable
  deinit {
    if reserved > 0 { Self.unmap(base, reserved) }
  }

  @usableFromInline
  static func unmap(_ base: UnsafeMutableRawPointer, _ count: Int) {
    munmap(base, count)
  }

  static let pageSize = Int(sysconf(CInt(_SC_PAGESIZE)))

  static func roundedUp(_ count: Int) -> Int {
    max(1, (count + pageSize - 1) / pageSize) * pageSize
  }

  /// Sees to it that the first `count` bytes have memory, and some more if that is likely to be
  /// wanted.
  ///
  /// - Precondition: `count` is at most ``reserved``.
  /// - Throws: `Errno` if the system has no memory to give; nothing has changed then.
  mutating func commit(_ count: Int) throws(Errno) {
    if count <= committed { return }
    precondition(count <= reserved)
    // Steps that grow with what is there make the calls few; pages that are never touched cost
    // nothing, so a step is no waste.
    let step = min(max(committed / 8, 64 << 10), 64 << 20)
    var target = max(Self.roundedUp(count), Self.roundedUp(committed + step))
    if target >= 2 * Self.largePage { target = (target + Self.largePage - 1) & -Self.largePage }
    target = min(target, reserved)
    let start = base + committed
    do throws(Errno) {
      try retryOnInterrupt { mprotect(start, target - committed, PROT_READ | PROT_WRITE) }
      committed = target
    } catch {
      let least = Self.roundedUp(count)
      guard least < target else { throw error }
      try retryOnInterrupt { mprotect(start, least - committed, PROT_READ | PROT_WRITE) }
      committed = least
    }
  }

  /// Gives back the memory of all bytes from `count` on, which read as zeroes again.
  mutating func release(from count: Int) {
    let kept = count == 0 ? 0 : Self.roundedUp(count)
    guard kept < committed else { return }
    // In the place of the old pages, since giving them back by advice is not promised to zero them
    // on every system.
    let address = mmap(
      base + kept, committed - kept, PROT_NONE,
      MAP_PRIVATE | MAP_FIXED | Self.anonymous | MAP_NORESERVE, -1, 0)
    guard address != MAP_FAILED else { return }
    Self.preferLargePages(base + kept, committed - kept)
    committed = kept
  }

  /// Gives back all memory, where others may still be reading: they read zeroes from now on.
  mutating func discard() {
    guard reserved > 0 else { return }
    // If this fails the memory is merely kept, with what was in it.
    _ = mmap(
      base, reserved, PROT_READ, MAP_PRIVATE | MAP_FIXED | Self.anonymous | MAP_NORESERVE, -1, 0)
  }

  /// Puts the first `count` bytes of a file, which others may map too, at the start of the range.
  ///
  /// Whole pages come from the file, shared with others who map it; the rest is copied.
  ///
  /// - Precondition: nothing is committed, and `count` is at most ``reserved``.
  mutating func place(_ file: FileDescriptor, _ count: Int) throws(Errno) {
    precondition(committed == 0 && count <= reserved)
    let whole = count / Self.pageSize * Self.pageSize
    if whole > 0 {
      let address = mmap(base, whole, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.rawValue, 0)
      guard address != MAP_FAILED else { throw Errno(rawValue: errno) }
      committed = whole
    }
    guard count > whole else { return }
    try commit(count)
    let rest = UnsafeMutableRawBufferPointer(start: base + whole, count: count - whole)
    guard try file.readFully(at: Int64(whole), into: rest) == rest.count else { throw .ioError }
  }

  /// Asks for pages of 2 MiB where there is much memory: random accesses then miss fewer address
  /// translations, which cost more than the memory itself.
  private static func preferLargePages(_ start: UnsafeMutableRawPointer, _ count: Int) {
    #if os(Linux)
      // A system that has none is as good, only slower.
      if count >= largePage { _ = madvise(start, count, CInt(MADV_HUGEPAGE)) }
    #endif
  }

  private static var largePage: Int { 2 << 20 }

  /// A range that starts with a large page where it has room for one.
  private static func map(
    _ count: Int, _ protection: CInt
  ) throws(Errno) -> UnsafeMutableRawPointer {
    let excess = count >= largePage ? largePage - pageSize : 0
    let flags = MAP_PRIVATE | anonymous | MAP_NORESERVE
    let address = mmap(nil, count + excess, protection, flags, -1, 0)
    guard let address, address != MAP_FAILED else { throw Errno(rawValue: errno) }
    let before = -Int(bitPattern: address) & excess
    if before > 0 { munmap(address, before) }
    if before < excess { munmap(address + before + count, excess - before) }
    return address + before
  }

  #if canImport(Darwin)
    static let anonymous = MAP_ANON
  #else
    static let anonymous = CInt(MAP_ANONYMOUS)
  #endif
}
