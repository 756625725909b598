package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension FilePath {
  /// The path as the file system takes it, with a zero byte at the end; the bytes need not be
  /// UTF-8.
  package var cString: [CChar] {
    withPlatformString { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
  }

  /// The path for people.
  package var displayText: String {
    String(displaying: cString.dropLast().lazy.map { UInt8(bitPattern: $0) })
  }
}
