import CairnCrypto
import Foundation
import Testing

@Suite("The host's openssl.cnf")
struct HostConfigurationTests {
  /// With these properties, not even the random generator of libcrypto's own context works.
  static let configuration = """
    openssl_conf = start
    [start]
    alg_section = algorithms
    [algorithms]
    default_properties = fips=yes
    """

  @Test func cannotBreakUs() async {
    // A process of its own: libcrypto reads the file once, when it is first used.
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try folder.write("openssl.cnf", Array(HostConfigurationTests.configuration.utf8))
      setenv("OPENSSL_CONF", folder.path(of: "openssl.cnf"), 1)
      let identity = try X25519Identity.generate()
      let file = try Age.seal([1, 2, 3], to: [identity.recipient])
      #expect(try Age.open(file, with: [identity]) == [1, 2, 3])
      let passphrase = SecretBytes(utf8: "x")
      let other = try Age.seal(
        [1, 2, 3], to: [ScryptRecipient(passphrase: passphrase, workFactor: 2)])
      #expect(try Age.open(other, with: [ScryptIdentity(passphrase: passphrase)]) == [1, 2, 3])
      for text in GoldenSSH.ed25519Forms + GoldenSSH.rsaForms {
        let file = try IdentityFile(parsing: SecretBytes(utf8: text)) { _ in
          SecretBytes(utf8: GoldenSSH.passphrase)
        }
        let sealed = try Age.seal([1, 2, 3], to: file.recipients)
        #expect(try Age.open(sealed, with: file.identities) == [1, 2, 3])
      }
      #expect(SHA256.hash(of: [1].span.bytes) != SHA256.hash(of: [2].span.bytes))
    }
  }
}
