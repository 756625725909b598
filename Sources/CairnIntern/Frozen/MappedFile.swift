import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file in memory, as long as this object lives, and a descriptor of it.
final class MappedFile: @unchecked Sendable {
  // Sendable: both properties are constants, and nothing writes to the memory until deinit, when no
  // other reference exists.
  let bytes: UnsafeRawBufferPointer
  let descriptor: FileDescriptor

  /// - Parameter file: borrowed; a descriptor of its own is kept.
  /// - Throws: ``InternError/Code/io``, or ``InternError/Code/unknownFormat`` for an empty file.
  init(_ file: FileDescriptor) throws(InternError) {
    var status = stat()
    do throws(Errno) {
      try retryOnInterrupt { fstat(file.rawValue, &status) }
      descriptor = FileDescriptor(
        rawValue: try retryOnInterrupt { fcntl(file.rawValue, F_DUPFD_CLOEXEC, 0) })
    } catch {
      throw .io(.systemCall("open", "the frozen arena", error))
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      try? descriptor.close()
      throw .notFrozen()
    }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor.rawValue, 0)
    guard let address, address != MAP_FAILED else {
      let error = Errno(rawValue: errno)
      try? descriptor.close()
      throw .io(.systemCall("map", "the frozen arena", error))
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  /// Maps the file at a path.
  convenience init(opening path: FilePath) throws(InternError) {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    } catch {
      throw .io(.systemCall("open", path.displayText, error as? Errno ?? .ioError))
    }
    defer { try? file.close() }
    try self.init(file)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    try? descriptor.close()
  }
}
