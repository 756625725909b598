import CairnCrypto
import Foundation

/// Files that `age` 1.1.1 made; today's reader opens yesterday's files.
enum Golden {
  static let identityText =
    "AGE-SECRET-KEY-1F3WCF8CLK3J2WWW3YESYSGFWE6L0MCUZVV0STEEXDXM9M70MCXPQGW7UJU"
  static let recipientText = "age1hmztc2gckuudy857lqvnhh7rrgj3h4m864uqsjxhxkkfr4lzq94qavmmwv"
  static let passphrase = "correct horse"
  static let message = Array("Cairn golden file\n".utf8)

  /// ``message`` for two recipients, the first of which is ``recipientText``.
  static let forTwo = bytes(
    """
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBUWjBKUXNvWVZNMHFvejFMNFdHV1VHRjZZOGF1OXo4a2NLZD
    RGZ2ptRUVVCnlZSlU4SFNSYTZNM2VDSTlLZVd0bUNUTDVIdk4wK3YrM2NZcmx6bjBVOTQKLT4gWDI1NTE5IGJRS2NS
    dWh6MEIzNGhOK1EvUk9WNGlqV3VsVGNWa2NWNFVGQ2FjbXRMV1UKM3J1bUprcUw3SjVBTjJvOTZoa0dObWJsYlFNUH
    d1SnZDeWozY2lmWjJoYwotLS0gMEVFekhVTjVrQ3RMdEtGL290WE5HYVRrRDdaM2MyR0RlR2dHeTdoUm9vRQpqzSVy
    TxYfpugybCmmK6wCj7iKtMiT9niESm5DtAP9WidS5kw2hk1WPjo3ORdEBXaBnw==
    """)

  /// An empty message for ``recipientText``.
  static let empty = bytes(
    """
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBZTkt2L0wzcThBVmhESFZ2Z1dXak1ESUpaUWNoU2pjeTFJMW
    tieE50UkdJCmtvY29VRG90OFBKQmc0WVRLNDZjdEhLaFR2NmlPcnFXOTk3cFJFZlZ1amsKLS0tIFkyQjhwRG03R1Rk
    Ykc0bjlNcUd1blJBckllRS9tQkgwQnY2c25yNTFzeGsK4SBrhMmQG2kJg+IwIPCI+FkEMzKaghOle+wjD+4gCXc=
    """)

  /// ``message`` for ``passphrase``, with a work factor of 18.
  static let forPassphrase = bytes(
    """
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBIUWdmS2w1b1JrUko5ejBRb1BWL09BIDE4CkR3RjZmRnV1
    VUdoQXdMdGphRGhDSm1OWlJFelcxaksvNi92SldOVDZIdkUKLS0tIFdOYmR5dVlHR294dm45ZzA1ZHZLK2tFUlFz
    c0UxYWZSdUtlaTVjUWZSYjQKx9pCjeZ6SOZ+8pH3fKod5gGGGjI8Hy7/iDCY0e3Tgn9prLoJ9uc1K7NSRaIXud8C
    e/E=
    """)

  /// 131,073 zeroes for ``recipientText``: header and nonce only. The rest follows from them.
  static let threeSegmentsStart = bytes(
    """
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBYSGI4OXFWTzlOUlQrUkFPS2ZnaStxNWxlcnh2aWFvWGdK
    aGFxbWtId0VNCkovazNwM0txWDZEekFmWm1zS08ya2d2dHdVQ3ZMK1E4c2MzZlhKT3N1T3MKLS0tIGlxUm1vNU9t
    Vy83SHlSbmJRTEZvYTN1bkJYcHJLaXl4bndhUE0wZVZQcFkKrcfs7bfbF16tvto4sLJO0w==
    """)
  static let threeSegmentsDigest =
    "252731cb3a98f1723aa32ad00e8376ce5c605692e850762a4d34864c5a124faf"

  private static func bytes(_ base64: String) -> [UInt8] {
    Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)!)
  }
}
