import ArgumentParser
import SystemPackage

/// Where passphrases come from.
struct PassphraseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Read passphrases from this descriptor, one to a line, instead of asking on the terminal.",
      valueName: "N"))
  var passphraseFd: Int32?

  var isStandardInput: Bool { passphraseFd == FileDescriptor.standardInput.rawValue }
}
