package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

#if os(Linux)
  // SEEK_DATA and SEEK_HOLE, which need _GNU_SOURCE.
  private let seekData: CInt = 3
  private let seekHole: CInt = 4
#else
  private let seekData = SEEK_DATA
  private let seekHole = SEEK_HOLE
#endif

extension FileDescriptor {
  /// The next range of this file that holds data, at or after `offset`; nil if only a hole follows.
  ///
  /// A file system that knows no holes gives the rest of the file as one range. The file's offset
  /// is changed, so the descriptor cannot be shared with code that reads at it.
  ///
  /// The corresponding C function is `lseek` with `SEEK_DATA` and `SEEK_HOLE`.
  ///
  /// - Throws: `invalidArgument` where holes cannot be asked for.
  package func nextData(from offset: Int64) throws(Errno) -> Range<Int64>? {
    do throws(Errno) {
      let start = try retryOnInterrupt { offsetAfterSeek(rawValue, off_t(offset), seekData) }
      let end = try retryOnInterrupt { offsetAfterSeek(rawValue, start, seekHole) }
      // Another process may have cut the file between the two calls.
      return Int64(start)..<Int64(max(start, end))
    } catch {
      if error == .noSuchAddressOrDevice { return nil }
      throw error
    }
  }

  /// Makes the file `size` bytes long: cut, or extended by a hole.
  ///
  /// The corresponding C function is `ftruncate`.
  package func setSize(_ size: Int64) throws(Errno) {
    try retryOnInterrupt { ftruncate(rawValue, off_t(size)) }
  }
}

/// Outside the extension, in which a method of `FileDescriptor` hides the C function.
private func offsetAfterSeek(_ file: CInt, _ offset: off_t, _ whence: CInt) -> off_t {
  lseek(file, offset, whence)
}
