#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The memory of a cache's pages, of which the system gives what is used.
///
/// Where it can, in pages of 2 MiB: with those of 4 KiB, looking something up in a large cache takes
/// as long for the processor to find out where each page is as to fetch it.
final class PageFrames: @unchecked Sendable {
  // Sendable: the address does not change; who may use what is there is the cache's affair.
  let base: UnsafeMutableRawPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedSize: Int

  private static let largePage = 2 << 20

  /// - Returns: `nil` if the system does not have so much.
  init?(byteCount: Int) {
    // With room to begin at a large page.
    let room = byteCount < Self.largePage ? 0 : Self.largePage
    let (size, isTooLarge) = byteCount.addingReportingOverflow(room)
    guard !isTooLarge else { return nil }
    mappedSize = size
    let memory = mmap(
      nil, mappedSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0)
    guard let memory, memory != MAP_FAILED else { return nil }
    mapping = memory
    if byteCount < Self.largePage {
      base = memory
    } else {
      base = memory.alignedUp(toMultipleOf: Self.largePage)
      #if !canImport(Darwin)
        // What is refused makes it slower, no more.
        _ = madvise(base, byteCount, MADV_HUGEPAGE)
      #endif
    }
  }

  deinit { munmap(mapping, mappedSize) }

  #if canImport(Darwin)
    private static let anonymous = MAP_ANON
  #else
    private static let anonymous = CInt(MAP_ANONYMOUS)
  #endif
}
