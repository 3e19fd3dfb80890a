"""How the compact encoder is made: from films and labels to the ONNX file and its figures."""
