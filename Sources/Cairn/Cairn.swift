// One import for a host that wants the whole library.

@_exported public import CairnChunks
@_exported public import CairnCore
@_exported public import CairnCrypto
@_exported public import CairnFiles
@_exported public import CairnIntern
@_exported public import CairnLog
@_exported public import CairnTree
