package import CairnCrypto
package import SystemPackage

/// Files that hold keys and passphrases.
package enum SecretFile {
  /// More than a file of keys has, so that a wrong name does not fill the memory.
  private static let limit = 1 << 20
  /// As much as most of them have; a power of 4 below the limit.
  private static let usualSize = 4 << 10

  /// The whole content; it may also come from a pipe.
  package static func read(_ name: ArgumentBytes) throws -> SecretBytes {
    do {
      let file = try FileDescriptor.open(name.path, .readOnly, options: .closeOnExec)
      return try file.closeAfter { try read(from: file, name.text) }
    } catch let error as Errno {
      throw Failure("cannot read \(name.text): \(error); check its name and its permissions")
    }
  }

  /// All that a descriptor still gives.
  ///
  /// - Parameter name: For messages.
  package static func read(from file: FileDescriptor, _ name: String) throws -> SecretBytes {
    var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: usualSize, alignment: 16)
    defer { wipe(buffer) }
    var count = 0
    while true {
      if count == buffer.count {
        guard count < limit else {
          throw Failure("\(name) is too large for a file of keys or a passphrase")
        }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * count, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
        wipe(buffer)
        buffer = larger
      }
      let free = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let added = try file.read(into: free)
      if added == 0 { break }
      count += added
    }
    return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
  }

  /// Frees memory, which is handed on as it is.
  private static func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    buffer.deallocate()
  }

  /// The first line, without its end.
  package static func readPassphrase(_ name: ArgumentBytes) throws -> SecretBytes {
    let passphrase = try read(name).withUnsafeBytes { bytes in
      let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
      return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<end]).bytes)
    }
    guard passphrase.count > 0 else {
      throw Failure("the first line of \(name.text) is empty; write the passphrase there")
    }
    return passphrase
  }

  /// Writes a new file that only its owner can read, durable on return.
  package static func create(_ name: ArgumentBytes, _ content: SecretBytes) throws {
    do {
      let file = try FileDescriptor.open(
        name.path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: .ownerReadWrite)
      try file.closeAfter {
        _ = try content.withUnsafeBytes { try file.writeAll($0) }
        try file.synchronize()
      }
      try name.path.synchronizeParent()
    } catch Errno.fileExists {
      throw Failure("\(name.text) exists already and is not overwritten; choose another name")
    } catch {
      throw Failure("cannot write \(name.text): \(error)")
    }
  }
}
