/// A file key from elsewhere: it was unwrapped on another machine, by a key service, or at an
/// earlier time.
///
/// It opens the one file that it belongs to. The header's code is checked as for any identity, so a
/// file key of another file gives ``CryptoError/Code/headerMAC``.
///
/// To get a file key where the private key is: ``Header/read(from:limits:)-(ByteReader,_)``, then
/// ``Header/unwrap(with:)``, then ``FileKey/withBytes(_:)``. It reads the whole file, so hand it on
/// as you would a password.
public struct InjectedFileKey: Identity {
  private let fileKey: FileKey

  /// Makes an identity of a file key.
  public init(_ fileKey: FileKey) { self.fileKey = fileKey }

  /// Gives the file key, whatever the stanzas.
  public func unwrap(_ stanzas: [Stanza]) -> FileKey? { fileKey }
}
