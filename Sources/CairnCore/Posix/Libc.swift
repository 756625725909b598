// The C functions that `FileDescriptor` hides by methods of the same name.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Named apart, since inside an extension of `FileDescriptor` its methods shadow the C functions.
enum Libc {
  static func readBytes(_ file: CInt, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(file, bytes, count)
  }

  static func readBytes(
    _ file: CInt, _ bytes: UnsafeMutableRawPointer, _ count: Int, at offset: Int64
  ) -> Int {
    pread(file, bytes, count, off_t(offset))
  }

  static func writeBytes(_ file: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(file, bytes, count)
  }

  static func writeBytes(
    _ file: CInt, _ bytes: UnsafeRawPointer, _ count: Int, at offset: Int64
  ) -> Int {
    pwrite(file, bytes, count, off_t(offset))
  }
}
