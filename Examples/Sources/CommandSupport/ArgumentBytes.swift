package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An argument that may be the name of a file, in its own bytes.
package struct ArgumentBytes: Sendable, Hashable {
  package let bytes: [UInt8]

  package init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  /// The arguments of this process, without its name.
  package static var ofProcess: [ArgumentBytes] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { position in
      CommandLine.unsafeArgv[position].map { argument in
        ArgumentBytes(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
      }
    }
  }

  package var path: FilePath {
    FilePath(platformString: bytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0])
  }

  /// For messages; what is not UTF-8 is repaired.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}
